// Headers that tell browsers how little a response may do; a route that serves a page sets a policy of its own.
import type { ApiServer } from '../http/api-server.ts';

/** JSON, images and files run nothing, load nothing and stand in no frame. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";
/** Pages that bring their own scripts and styles: the API's reference, the queues. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'";
const PAGES = ['/docs', '/admin'];

export function registerSecurityHeaders(app: ApiServer): void {
  app.addHook('onSend', async (request, reply) => {
    const isPage = PAGES.some((path) => request.url.startsWith(path));
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', isPage ? PAGE_POLICY : DATA_POLICY);
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });
}
