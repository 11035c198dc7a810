// DELETE /v1/models/{name}
import { modelParams } from '@styleforge/contracts';
import { modelPrefix } from '@styleforge/storage';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';
import { findModel } from '../../../services/models/model-registry.ts';

export function deleteModelRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const { database, objectStore } = dependencies;
  const schema = {
    operationId: 'deleteModel',
    tags: ['models'],
    summary: 'Delete a model with its versions, aliases and cover',
    description:
      'The checkpoints of its versions are kept with their training jobs, and can be deleted there afterwards. The ' +
      'files of uploaded adapters are deleted. Refused while an unfinished job, generation or evaluation uses one ' +
      'of the versions.',
    security,
    params: modelParams,
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'in_use') },
  };
  app.delete('/models/:name', { schema }, async ({ caller: { projectId }, params: { name } }, reply) => {
    const { id } = await findModel(dependencies, projectId, name);
    refuseUnlessDeleted(await database.models.delete(projectId, name), 'model', name);
    await objectStore.deletePrefix(modelPrefix(projectId, id));
    return reply.code(204).send();
  });
}
