// GET /v1/datasets/{id}
import { datasetDetail, datasetId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentDataset, presentImage } from '../../../presenters/datasets.ts';

export function getDatasetRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getDataset',
    tags: ['datasets'],
    summary: 'Read a dataset with its images',
    description: 'The response has an ETag. With `If-None-Match`, the response for an unchanged one is 304.',
    security,
    params: z.object({ id: datasetId }),
    response: { 200: datasetDetail, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/datasets/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const row = await database.datasets.find(projectId, id);
    if (row === null) throw notFound('dataset', id);
    const images = await database.images.listByDataset(projectId, id);
    const body = { ...presentDataset(row), images: images.map(presentImage) };
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
