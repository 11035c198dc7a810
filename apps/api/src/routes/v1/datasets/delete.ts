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
    tags: ['datasets'],
    summary: 'Delete a dataset and its images',
    description: 'Refused while a job or an evaluation that is not finished uses it.',
    security,
    params: z.object({ id: datasetId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'dataset_in_use') },
  };
  app.delete('/datasets/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const outcome = await database.datasets.delete(projectId, id);
    if (outcome === 'not_found') throw notFound('dataset', id);
    if (outcome === 'in_use') throw new ApiError('dataset_in_use', 'Cancel the jobs and evaluations that use this dataset, or wait for their end.');
    await objectStore.deletePrefix(datasetPrefix(projectId, id));
    return reply.code(204).send();
  });
}
