// GET /readyz: whether each dependency of the API responds, and how fast.
import { readiness } from '@styleforge/contracts';
import type { Readiness } from '@styleforge/contracts';
import type { ApiServer } from '../../http/api-server.ts';

export function readyzRoute(app: ApiServer, ask: () => Promise<Readiness>): void {
  const schema = {
    operationId: 'getReadiness',
    tags: ['service'],
    summary: 'Check that everything the service depends on responds',
    response: { 200: readiness, 503: readiness },
  };
  app.get('/readyz', { schema }, async (_request, reply) => {
    const answer = await ask();
    return reply.code(answer.status === 'ready' ? 200 : 503).send(answer);
  });
}
