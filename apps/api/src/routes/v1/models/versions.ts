// POST and GET /v1/models/{name}/versions
import { createModelVersionRequest, modelParams, modelVersion, modelVersionPage, pageQuery, versionNumber } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { modelVersionUrl } from '../../../presenters/links.ts';
import { presentModelVersion } from '../../../presenters/models.ts';
import { addModelVersion, findModel } from '../../../services/models/model-registry.ts';

export function createModelVersionRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'createModelVersion',
    tags: ['models'],
    summary: 'Add a version to a model',
    description: 'The new version becomes `latest`. Other aliases do not change.',
    security,
    params: modelParams,
    body: createModelVersionRequest,
    response: {
      201: modelVersion,
      ...problemResponses(
        'not_found',
        'validation_failed',
        'unknown_model',
        'status_conflict',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  app.post('/models/:name/versions', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { projectId } = request.caller;
    const { name } = request.params;
    const row = await addModelVersion(dependencies, projectId, { name, ...request.body });
    const model = await findModel(dependencies, projectId, name);
    return reply.code(201).header('location', modelVersionUrl(name, row.number)).send(presentModelVersion(model, row));
  });
}

export function listModelVersionsRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'listModelVersions',
    tags: ['models'],
    summary: 'List the versions of a model, newest first',
    security,
    params: modelParams,
    querystring: pageQuery(versionNumber.describe('The number of the last version seen')),
    response: { 200: modelVersionPage, ...problemResponses('not_found', 'validation_failed') },
  };
  app.get('/models/:name/versions', { schema }, async ({ caller, params, query }) => {
    const model = await findModel(dependencies, caller.projectId, params.name);
    const { rows, hasMore } = await dependencies.database.models.listVersions(model.id, query.after, query.limit);
    return {
      data: rows.map((row) => presentModelVersion(model, row)),
      has_more: hasMore,
      next: hasMore ? String(rows.at(-1)?.number) : null,
    };
  });
}
