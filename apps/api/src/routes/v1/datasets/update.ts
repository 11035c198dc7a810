// PATCH /v1/datasets/{id}
import { dataset, datasetId, updateDatasetRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentDataset } from '../../../presenters/datasets.ts';

export function updateDatasetRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'updateDataset',
    tags: ['datasets'],
    summary: 'Rename a dataset',
    security,
    params: z.object({ id: datasetId }),
    body: updateDatasetRequest,
    response: { 200: dataset, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch('/datasets/:id', { schema }, async (request) => {
    const { id } = request.params;
    const row = await database.datasets.rename(request.caller.projectId, id, request.body.name);
    if (row === null) throw notFound('dataset', id);
    return presentDataset(row);
  });
}
