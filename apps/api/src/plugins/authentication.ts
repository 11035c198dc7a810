// Every route under /v1 needs an API key with the scope for its verb.
import type { Database } from '@styleforge/database';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';

const READING_METHODS = ['GET', 'HEAD'];

export function registerAuthentication(app: ApiServer, database: Database): void {
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request) => {
    const key = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (key === undefined) throw new ApiError('unauthorized', 'Send the header `Authorization: Bearer sf_...`.');
    const caller = await database.apiKeys.identify(key);
    if (caller === null) throw new ApiError('unauthorized', 'This API key is unknown or revoked.');
    const scope = READING_METHODS.includes(request.method) ? 'read' : 'write';
    if (!caller.scopes.includes(scope) && !caller.scopes.includes('admin')) {
      throw new ApiError('insufficient_scope', `This API key lacks the scope \`${scope}\`.`);
    }
    request.caller = caller;
  });
}
