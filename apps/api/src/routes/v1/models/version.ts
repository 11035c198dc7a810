// GET, PATCH and DELETE /v1/models/{name}/versions/{version}
import { modelVersion, modelVersionParams, updateModelVersionRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentModelVersion } from '../../../presenters/models.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';
import { findModel, findModelVersion } from '../../../services/models/model-registry.ts';

const PATH = '/models/:name/versions/:version';

async function readVersion(dependencies: ApiDependencies, projectId: string, { name, version }: z.infer<typeof modelVersionParams>) {
  const row = await findModelVersion(dependencies, projectId, name, version);
  return presentModelVersion(await findModel(dependencies, projectId, name), row);
}

export function getModelVersionRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getModelVersion',
    tags: ['models'],
    summary: 'Read a version of a model with its origin',
    security,
    params: modelVersionParams,
    response: { 200: modelVersion, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get(PATH, { schema }, async (request, reply) => {
    const body = await readVersion(dependencies, request.caller.projectId, request.params);
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}

export function updateModelVersionRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'updateModelVersion',
    tags: ['models'],
    summary: 'Change the notes about a version',
    security,
    params: modelVersionParams,
    body: updateModelVersionRequest,
    response: { 200: modelVersion, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch(PATH, { schema }, async ({ caller: { projectId }, params, body }) => {
    const { id } = await findModelVersion(dependencies, projectId, params.name, params.version);
    await dependencies.database.models.annotateVersion(id, body.notes);
    return readVersion(dependencies, projectId, params);
  });
}

export function deleteModelVersionRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const { database, objectStore } = dependencies;
  const schema = {
    operationId: 'deleteModelVersion',
    tags: ['models'],
    summary: 'Delete a version with the aliases that name it',
    description:
      'Its number is not used again. The checkpoint is kept with its training job; the file of an uploaded adapter ' +
      'is deleted. Refused while an unfinished job, generation or evaluation uses the version.',
    security,
    params: modelVersionParams,
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'in_use') },
  };
  app.delete(PATH, { schema }, async ({ caller: { projectId }, params: { name, version } }, reply) => {
    const { objectKey } = await findModelVersion(dependencies, projectId, name, version);
    refuseUnlessDeleted(await database.models.deleteVersion(projectId, name, version), 'version of the model', `${name}@${version}`);
    if (objectKey !== null) await objectStore.delete(objectKey);
    return reply.code(204).send();
  });
}
