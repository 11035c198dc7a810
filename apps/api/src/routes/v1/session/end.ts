// DELETE /v1/session
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { clearedCookie } from '../../../http/session-cookie.ts';

export function endSessionRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'endSession',
    tags: ['session'],
    summary: 'Sign a browser out',
    description: 'Ends the session that the request belongs to and removes its cookie. The API key stays valid.',
    security,
    response: { 204: z.undefined().describe('Signed out'), ...problemResponses() },
  };
  app.delete('/session', { schema, config: { scope: 'read' } }, async (request, reply) => {
    if (request.caller.session !== null) await database.sessions.end(request.caller.session.id);
    return reply.code(204).header('set-cookie', clearedCookie(request)).send();
  });
}
