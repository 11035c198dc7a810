// Redirects a caller to an object by a signed link, or streams it: the whole object or the requested range (RFC 9110, single ranges).
import { Readable } from 'node:stream';
import type { ObjectStore } from '@styleforge/storage';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError } from '../errors/api-error.ts';
import { isUnchanged } from './etag.ts';
import { problemResponses } from './problem-responses.ts';

/** Description of the redirect, for response schemas. */
export const SIGNED_LINK = z
  .undefined()
  .describe('With an S3 object store: `Location` is a link to the file that works for an hour without an API key');

const png = (description: string) => ({ description, content: { 'image/png': { schema: z.string() } } });

/** The responses of every route that sends one PNG. */
export const PNG_RESPONSES = {
  302: SIGNED_LINK,
  200: png('The image'),
  206: png('The requested range'),
  304: z.undefined().describe('Unchanged'),
  ...problemResponses('not_found', 'range_not_satisfiable'),
};

const anyImage = (description: string) => ({
  description,
  content: Object.fromEntries(['png', 'webp', 'jpeg'].map((format) => [`image/${format}`, { schema: z.string() }])),
});

/** The responses of a route that sends one image of any format. */
export const IMAGE_RESPONSES = { ...PNG_RESPONSES, 200: anyImage('The image'), 206: anyImage('The requested range') };

/** Lifetime of a signed link in seconds. */
export const LINK_SECONDS = 3600;

export type SentObject = { key: string; size: number; sha256: string; contentType: string; fileName: string };

/** Objects never change under their key, so that their hash serves as a strong ETag. */
export async function sendObject(
  store: ObjectStore,
  object: SentObject,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const etag = `"${object.sha256}"`;
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    'content-disposition': `inline; filename="${object.fileName}"`,
    'x-content-type-options': 'nosniff',
  });
  if (isUnchanged(request, etag)) return reply.code(304).send();
  if (store.presignGet && request.method === 'GET') return redirect(await store.presignGet(object.key, LINK_SECONDS, object), reply);
  const range = rangeOf(request, object.size, etag);
  if (range === 'unsatisfiable') {
    reply
      .headers({ 'content-range': `bytes */${object.size}`, 'content-disposition': 'inline', 'cache-control': 'no-store' })
      .removeHeader('etag');
    throw new ApiError('range_not_satisfiable', `The file has ${object.size} bytes.`);
  }
  reply.type(object.contentType);
  // Does not read data that would be discarded; without a stream the framework would treat the response as empty.
  if (request.method === 'HEAD') return reply.header('content-length', object.size).send(Readable.from([]));
  if (range === null) {
    const { body } = await store.getStream(object.key);
    return reply.header('content-length', object.size).send(body);
  }
  const { body } = await store.getStream(object.key, range);
  return reply
    .code(206)
    .header('content-range', `bytes ${range.start}-${range.end}/${object.size}`)
    .header('content-length', range.end - range.start + 1)
    .send(body);
}

/** Redirects to a signed link. Caches must forget the redirect before the link expires. */
function redirect(link: string, reply: FastifyReply): FastifyReply {
  reply.removeHeader('etag').removeHeader('content-disposition').removeHeader('accept-ranges');
  return reply.header('cache-control', `private, max-age=${LINK_SECONDS / 2}`).redirect(link, 302);
}

type Range = { start: number; end: number };

/** The range of a request; null without a usable one, in which case the whole object is sent. */
function rangeOf(request: FastifyRequest, size: number, etag: string): Range | 'unsatisfiable' | null {
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== etag) return null;
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}
