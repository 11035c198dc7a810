// GET /v1/models
import { modelId, modelPage, pageQuery } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentModel } from '../../../presenters/models.ts';
import { presentPage } from '../../../presenters/pages.ts';

export function listModelsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listModels',
    tags: ['models'],
    summary: 'List the models that have a name, newest first',
    security,
    querystring: pageQuery(modelId),
    response: { 200: modelPage, ...problemResponses('validation_failed') },
  };
  app.get('/models', { schema }, async ({ caller, query }) =>
    presentPage(await database.models.list(caller.projectId, query), presentModel),
  );
}
