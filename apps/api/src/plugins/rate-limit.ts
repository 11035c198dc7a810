// A quota of requests for each API key, shown in every response (draft-ietf-httpapi-ratelimit-headers-10).
import type { RateLimiter } from '@styleforge/queue';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';

const POLICY = '"requests"';

/**
 * Runs after authentication. Refused requests do not count, so a caller that repeats its requests is accepted again as its earlier requests
 * expire.
 */
export function registerRateLimit(app: ApiServer, limiter: RateLimiter): void {
  const policy = `${POLICY};q=${limiter.requests};w=${limiter.seconds}`;
  app.addHook('onRequest', async (request, reply) => {
    const { allowed, remaining, resetSeconds, retrySeconds } = await limiter.take(request.caller.keyId);
    reply.headers({ 'ratelimit-policy': policy, ratelimit: `${POLICY};r=${remaining};t=${resetSeconds}` });
    if (allowed) return;
    reply.header('retry-after', retrySeconds);
    throw new ApiError(
      'rate_limited',
      `This API key has made all of its ${limiter.requests} requests within ${limiter.seconds} seconds. Try again ` +
        `in ${retrySeconds} seconds.`,
    );
  });
}
