// GET /v1/thumbnails/{id}: an uploaded or a generated image, small.
import { imageId, thumbnailQuery } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { security } from '../../../http/security.ts';
import { sendThumbnail, THUMBNAIL_RESPONSES } from '../../../http/send-thumbnail.ts';

/**
 * The second path is that of earlier releases, which stored responses contain. It is not documented, because it conflicts with
 * `/images/generations/{id}`.
 */
const PATHS = [
  { path: '/thumbnails/:id', hide: false },
  { path: '/images/:id/thumbnail', hide: true },
] as const;

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
  for (const { path, hide } of PATHS) {
    app.get(path, { schema: { ...schema, hide } }, async (request, reply) => {
      const { id } = request.params;
      const { projectId } = request.caller;
      const { database } = dependencies;
      const image = (await database.images.find(projectId, id)) ?? (await database.generations.findImage(projectId, id));
      if (image === null) throw notFound('image', id);
      return sendThumbnail(dependencies, { image, width: request.query.width }, request, reply);
    });
  }
}
