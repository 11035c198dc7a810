// Conditional requests (RFC 9110): a response that the caller already has is not sent again.
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

export const etagOf = (body: unknown): string => etagOfText(JSON.stringify(body));

export function etagOfText(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url')}"`;
}

/** The caller may store the response, but must revalidate it each time. */
export function markAnswer(reply: FastifyReply, etag: string): void {
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
}

/** `If-None-Match` is compared weakly: an ETag that a proxy has made weak still names the same body. */
export function isUnchanged(request: FastifyRequest, etag: string): boolean {
  const known = request.headers['if-none-match'];
  if (known === undefined) return false;
  return known.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === etag);
}

/** Sets the ETag of a JSON body; true when the response is 304 without the body. */
export function tagAnswer(request: FastifyRequest, reply: FastifyReply, body: unknown): boolean {
  const etag = etagOf(body);
  markAnswer(reply, etag);
  return isUnchanged(request, etag);
}
