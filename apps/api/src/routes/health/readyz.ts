// GET /readyz: each thing that the API depends on, whether it answers, and how fast.
import { readiness } from '@styleforge/contracts';
import type { Readiness } from '@styleforge/contracts';
import { sharedFor } from '../../http/shared-for.ts';
import type { ApiServer } from '../../http/api-server.ts';

const SHARED_MS = 250;

export function readyzRoute(app: ApiServer, ask: () => Promise<Readiness>): void {
  const schema = {
    operationId: 'getReadiness',
    tags: ['service'],
    summary: 'Check that everything the service depends on responds',
    response: { 200: readiness, 503: readiness },
  };
  // Each look asks the database, the store and the queue, and anyone may ask.
  const shared = sharedFor(SHARED_MS, ask);
  app.get('/readyz', { schema }, async (_request, reply) => {
    const answer = await shared();
    return reply.code(answer.status === 'ready' ? 200 : 503).send(answer);
  });
}
