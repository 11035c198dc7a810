// Streams an object from the store, whole or the range that is asked for (RFC 9110, single ranges).
import type { ObjectStore } from '@styleforge/storage';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isUnchanged } from './etag.ts';

export type SentObject = { key: string; size: number; sha256: string; contentType: string; fileName: string };

/** Objects never change under their key, so that their hash serves as a strong ETag. */
export async function sendObject(store: ObjectStore, object: SentObject, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const etag = `"${object.sha256}"`;
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    'content-disposition': `inline; filename="${object.fileName}"`,
    'x-content-type-options': 'nosniff',
  });
  if (isUnchanged(request, etag)) return reply.code(304).send();
  const range = rangeOf(request, object.size, etag);
  if (range === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${object.size}`).send();
  reply.type(object.contentType);
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

type Range = { start: number; end: number };

/** Null for a request without a usable range: it gets the whole object. */
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
