// GET /v1/datasets/{id}/images
import { datasetId, datasetImagePage, imageId, pageQuery } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentImage } from '../../../presenters/datasets.ts';

export function listDatasetImagesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listDatasetImages',
    tags: ['datasets'],
    summary: 'List the images of a dataset, the first uploaded first',
    security,
    params: z.object({ id: datasetId }),
    querystring: pageQuery(imageId),
    response: { 200: datasetImagePage, ...problemResponses('not_found', 'validation_failed') },
  };
  app.get('/datasets/:id/images', { schema }, async (request) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    if ((await database.datasets.find(projectId, id)) === null) throw notFound('dataset', id);
    const { limit, after } = request.query;
    const rows = await database.images.page(projectId, id, { limit: limit + 1, after });
    const data = rows.slice(0, limit).map(presentImage);
    return { data, has_more: rows.length > limit, next: rows.length > limit ? (data.at(-1)?.id ?? null) : null };
  });
}
