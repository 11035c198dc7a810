// GET /: redirects browsers to the dashboard, or to the readable docs if there is no dashboard.
import { ApiError } from '../../errors/api-error.ts';
import { PROBLEM_TYPE } from '../../errors/error-handler.ts';
import type { ApiServer } from '../../http/api-server.ts';
import { preferredFormat } from '../../http/preferred-format.ts';

export function rootRoute(app: ApiServer, page: string): void {
  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    reply.header('vary', [reply.getHeader('vary'), 'accept'].filter(Boolean).join(', '));
    if (preferredFormat(request, [PROBLEM_TYPE, 'text/html']) === 'text/html') return reply.redirect(page, 302);
    throw new ApiError(
      'not_found',
      'There is nothing at /. The API is below /v1, described at /docs and /openapi.json; the dashboard is at /app.',
    );
  });
}
