// Every route under /v1 needs an API key with the route's scope.
import type { ApiKeyScope } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
import type { FastifyContextConfig } from 'fastify';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';

const READING_METHODS = ['GET', 'HEAD'];

export function registerAuthentication(app: ApiServer, database: Database): void {
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request) => {
    const key = bearerKey(request.headers.authorization);
    if (key === undefined) throw new ApiError('unauthorized', 'Send the header `Authorization: Bearer sf_...`.');
    const caller = await database.apiKeys.identify(key);
    if (caller === null) throw new ApiError('unauthorized', 'This API key is unknown, revoked or expired.');
    const scope = scopeOf(request.method, request.routeOptions.config);
    if (!caller.scopes.includes(scope) && !caller.scopes.includes('admin')) {
      throw new ApiError('insufficient_scope', `This API key lacks the scope \`${scope}\`.`);
    }
    request.caller = caller;
  });
}

export function bearerKey(authorization: string | undefined): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
}

export function scopeOf(method: string, { scope }: Pick<FastifyContextConfig, 'scope'>): ApiKeyScope {
  return scope ?? (READING_METHODS.includes(method) ? 'read' : 'write');
}
