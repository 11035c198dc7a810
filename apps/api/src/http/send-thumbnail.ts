// Sends the thumbnail of an image as WebP.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Shrinking } from '../services/files/shrink-object.ts';
import { readThumbnail, type StoredImage, thumbnailWidth } from '../services/files/thumbnails.ts';
import { isUnchanged } from './etag.ts';
import { problemResponses } from './problem-responses.ts';

/** The responses of every route that sends a thumbnail. */
export const THUMBNAIL_RESPONSES = {
  200: { description: 'The thumbnail', content: { 'image/webp': { schema: z.string() } } },
  304: z.undefined().describe('Unchanged'),
  ...problemResponses('not_found', 'validation_failed'),
};

type Sent = { image: StoredImage & { sha256: string }; width: number };

export async function sendThumbnail(
  shrinking: Shrinking,
  { image, width: asked }: Sent,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const width = thumbnailWidth(asked);
  const etag = `"${image.sha256}-${width}"`;
  reply.headers({ etag, 'cache-control': 'private, max-age=86400' });
  if (isUnchanged(request, etag)) return reply.code(304).send();
  return reply.type('image/webp').send(await readThumbnail(shrinking, image, width));
}
