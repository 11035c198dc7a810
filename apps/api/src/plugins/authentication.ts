// Every route under /v1 needs an API key, or a browser session made with one, that has the route's scope.
import { CSRF_HEADER } from '@styleforge/contracts';
import type { ApiKeyScope } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
import type { RateLimiter } from '@styleforge/queue';
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer, Caller } from '../http/api-server.ts';
import { isCsrfToken, sessionTokenOf } from '../http/session-cookie.ts';

const READING_METHODS = ['GET', 'HEAD'];

export function registerAuthentication(app: ApiServer, { database, wrongKeyLimiter }: ApiDependencies): void {
  app.decorateRequest('caller');
  const identifyCaller = wrongKeyLimiter
    ? limitWrongKeys(database, wrongKeyLimiter)
    : (request: FastifyRequest) => identify(database, request);
  app.addHook('onRequest', async (request, reply) => {
    const caller = await identifyCaller(request, reply);
    const scope = scopeOf(request.method, request.routeOptions.config);
    if (!caller.scopes.includes(scope) && !caller.scopes.includes('admin')) {
      throw new ApiError('insufficient_scope', `This API key lacks the scope \`${scope}\`.`);
    }
    request.caller = caller;
  });
}

/**
 * Limits the look-ups that guessed keys cause. After too many wrong keys, an address is refused before its next key is checked, unless the
 * key was recently valid.
 */
function limitWrongKeys(database: Database, limiter: RateLimiter) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<Caller> => {
    const key = bearerKey(request.headers.authorization);
    const state = await limiter.look(request.ip);
    if (!state.allowed && (key === undefined || !database.apiKeys.isRemembered(key))) {
      reply.header('retry-after', state.retrySeconds);
      throw new ApiError(
        'rate_limited',
        `The address ${request.ip} has sent ${limiter.requests} wrong API keys within ${limiter.seconds} seconds. Try ` +
          `again in ${state.retrySeconds} seconds.`,
      );
    }
    try {
      return await identify(database, request);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'unauthorized') await limiter.take(request.ip);
      throw error;
    }
  };
}

/** Reads the key or session of a request. A key in the header has priority over a cookie, which browsers send automatically. */
async function identify(database: Database, request: FastifyRequest): Promise<Caller> {
  const key = bearerKey(request.headers.authorization);
  if (key !== undefined) {
    const caller = await database.apiKeys.identify(key);
    if (caller === null) throw new ApiError('unauthorized', 'This API key is unknown, revoked or expired.');
    return { ...caller, credential: key, session: null };
  }
  const token = request.headers.authorization === undefined ? sessionTokenOf(request) : undefined;
  if (token === undefined) throw new ApiError('unauthorized', 'Send the header `Authorization: Bearer sf_...`.');
  const session = await database.sessions.identify(token);
  if (session === null) throw new ApiError('unauthorized', 'This session has ended. Sign in again with an API key: POST /v1/session.');
  if (!READING_METHODS.includes(request.method) && !isCsrfToken(request.headers[CSRF_HEADER], token)) {
    throw new ApiError(
      'csrf_token_invalid',
      'A request of a browser session needs the header `X-CSRF-Token` with the token of the session.',
    );
  }
  const { sessionId, expiresAt, ...caller } = session;
  return { ...caller, credential: token, session: { id: sessionId, expiresAt } };
}

export function bearerKey(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

export function scopeOf(method: string, { scope }: Pick<FastifyContextConfig, 'scope'>): ApiKeyScope {
  return scope ?? (READING_METHODS.includes(method) ? 'read' : 'write');
}
