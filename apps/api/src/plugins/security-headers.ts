// Sets security headers that restrict what a response may do in a browser; a route that serves a page sets its own policy.
import type { ApiServer } from '../http/api-server.ts';

/** JSON, images and files may run nothing, load nothing, and not be shown in a frame. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";
/** Pages that bring their own scripts and styles: the API's reference, the queues. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; " +
  "base-uri 'none'; frame-ancestors 'self'";
const PAGES = ['/docs', '/admin'];

export function registerSecurityHeaders(app: ApiServer): void {
  app.addHook('onSend', async (request, reply) => {
    const isPage = PAGES.some((path) => request.url.startsWith(path));
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', isPage ? PAGE_POLICY : DATA_POLICY);
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });
}
