// GET /v1/images/{id}/thumbnail: an uploaded image, small.
import { createHash } from 'node:crypto';
import { imageId } from '@styleforge/contracts';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { isUnchanged } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { readThumbnail } from '../../../services/thumbnails.ts';

export function getThumbnailRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    tags: ['images'],
    summary: 'The thumbnail of an uploaded image as WebP',
    security,
    params: z.object({ id: imageId }),
    response: {
      200: { description: 'The thumbnail', content: { 'image/webp': { schema: z.string() } } },
      304: z.undefined().describe('Unchanged'),
      ...problemResponses('not_found'),
    },
  };
  app.get('/images/:id/thumbnail', { schema }, async (request, reply) => {
    const { id } = request.params;
    const row = await dependencies.database.images.find(request.caller.projectId, id);
    if (row === null) throw notFound('uploaded image', id);
    const bytes = await readThumbnail(dependencies, row);
    const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    reply.headers({ etag, 'cache-control': 'private, max-age=86400', 'x-content-type-options': 'nosniff' });
    return isUnchanged(request, etag) ? reply.code(304).send() : (reply as FastifyReply).type('image/webp').send(bytes);
  });
}
