// POST /v1/session
import { session, SESSION_DAYS } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { sessionCookie } from '../../../http/session-cookie.ts';
import { presentSession } from '../../../presenters/sessions.ts';

export function createSessionRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'createSession',
    tags: ['session'],
    summary: 'Sign a browser in',
    description:
      'Needs an API key in the header `Authorization`. Sets an HttpOnly, SameSite=Strict cookie that replaces the key in this browser, ' +
      'so that images, downloads, event streams and report pages work without a header. The session has the scopes ' +
      'of the key, and ends when the key does.',
    security,
    response: { 201: session, ...problemResponses('unauthorized') },
  };
  app.post('/session', { schema, config: { scope: 'read', idempotent: 'secret' } }, async (request, reply) => {
    if (request.caller.session !== null)
      throw new ApiError('unauthorized', 'The request was made with a browser session. Send an API key instead.');
    const made = await database.sessions.create(request.caller.keyId, SESSION_DAYS);
    if (made === null) throw new ApiError('unauthorized', 'This API key has just been deleted.');
    return reply
      .code(201)
      .headers({ 'set-cookie': sessionCookie(request, made.token, made.expiresAt), 'cache-control': 'no-store' })
      .send(presentSession(made.token, made.expiresAt));
  });
}
