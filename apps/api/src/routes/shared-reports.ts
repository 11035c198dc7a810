// GET /shared/reports/{token}: the page of a report, for anybody who has the link.
import { SHARED_REPORTS_PATH } from '@styleforge/contracts';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';
import { sendReportPage } from '../http/send-report.ts';

type Params = { token: string };

/** Limits attempts to guess tokens, as authentication does for keys. */
export function sharedReportRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const { database, wrongKeyLimiter } = dependencies;
  app.get<{ Params: Params }>(`${SHARED_REPORTS_PATH}/:token`, { schema: { hide: true } }, async (request, reply) => {
    const state = await wrongKeyLimiter?.look(request.ip);
    if (state && !state.allowed) {
      reply.header('retry-after', state.retrySeconds);
      throw new ApiError('rate_limited', `The address ${request.ip} has tried too many links. Try again in ${state.retrySeconds} seconds.`);
    }
    const shared = await database.reportShares.resolve(request.params.token);
    const evaluation = shared && (await database.evaluations.find(shared.projectId, shared.evaluationId));
    if (evaluation === null) {
      await wrongKeyLimiter?.take(request.ip);
      throw new ApiError('not_found', 'This link has expired or was revoked. Ask the sender for a new one.');
    }
    // No cache may store the page, so that a revoked link ends immediately, and no search engine may list it.
    reply.headers({ 'cache-control': 'private, no-store', 'x-robots-tag': 'noindex, nofollow' });
    return sendReportPage(dependencies, evaluation, reply);
  });
}
