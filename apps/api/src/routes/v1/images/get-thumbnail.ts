// GET /v1/images/{id}/thumbnail: an uploaded or a generated image, small.
import { imageId, thumbnailQuery } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { security } from '../../../http/security.ts';
import { sendThumbnail, THUMBNAIL_RESPONSES } from '../../../http/send-thumbnail.ts';

export function getThumbnailRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getImageThumbnail',
    tags: ['images'],
    summary: 'The thumbnail of an uploaded or a generated image as WebP',
    security,
    params: z.object({ id: imageId }),
    querystring: thumbnailQuery,
    response: THUMBNAIL_RESPONSES,
  };
  app.get('/images/:id/thumbnail', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const { database } = dependencies;
    const image = (await database.images.find(projectId, id)) ?? (await database.generations.findImage(projectId, id));
    if (image === null) throw notFound('image', id);
    return sendThumbnail(dependencies, { image, width: request.query.width }, request, reply);
  });
}
