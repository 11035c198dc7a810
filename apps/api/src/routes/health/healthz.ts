// GET /healthz: whether the process is alive.
import { health } from '@styleforge/contracts';
import type { ApiServer } from '../../http/api-server.ts';

export function healthzRoute(app: ApiServer): void {
  const schema = { operationId: 'getHealth', tags: ['service'], summary: 'Check that the process is alive', response: { 200: health } };
  app.get('/healthz', { schema }, async () => ({ status: 'ok' as const }));
}
