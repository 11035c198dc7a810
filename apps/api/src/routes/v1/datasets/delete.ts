// DELETE /v1/datasets/{id}
import { datasetId } from '@styleforge/contracts';
import { datasetPrefix } from '@styleforge/storage';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError, notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';

export function deleteDatasetRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'deleteDataset',
    tags: ['datasets'],
    summary: 'Delete a dataset and its images',
    description: 'Refused while an unfinished job or evaluation uses it.',
    security,
    params: z.object({ id: datasetId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'dataset_in_use') },
  };
  app.delete('/datasets/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const outcome = await database.datasets.delete(projectId, id);
    if (outcome.kind === 'not_found') throw notFound('dataset', id);
    if (outcome.kind === 'in_use') throw inUse(id, outcome.users);
    await objectStore.deletePrefix(datasetPrefix(projectId, id));
    return reply.code(204).send();
  });
}

const NAMED_USERS = 5;

function inUse(id: string, users: readonly string[]): ApiError {
  const more = users.length > NAMED_USERS ? ` and ${users.length - NAMED_USERS} more` : '';
  return new ApiError(
    'dataset_in_use',
    `The dataset ${id} is used by ${users.slice(0, NAMED_USERS).join(', ')}${more}. Cancel them or wait until ` +
      'they have finished, then delete the dataset.',
  );
}
