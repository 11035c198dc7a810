// GET /v1/me
import { me, VERSION } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentSession } from '../../../presenters/sessions.ts';

export function getMeRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getMe',
    tags: ['session'],
    summary: 'Read who the caller is',
    description: 'Returns the project, the API key with its scopes, the browser session if there is one, and the version of the service.',
    security,
    response: { 200: me, ...problemResponses() },
  };
  app.get('/me', { schema }, async ({ caller }, reply) => {
    const [key, project] = await Promise.all([
      database.apiKeys.find(caller.projectId, caller.keyId),
      database.apiKeys.findProject(caller.projectId),
    ]);
    if (key === null || project === null) throw notFound('API key', caller.keyId);
    reply.header('cache-control', 'no-store');
    return {
      project: { id: project.projectId, name: project.name },
      api_key: {
        id: key.id,
        name: key.name,
        hint: key.keyHint,
        scopes: key.scopes,
        expires_at: key.expiresAt?.toISOString() ?? null,
      },
      session: caller.session && presentSession(caller.credential, caller.session.expiresAt),
      service: { version: VERSION },
    };
  });
}
