// GET /readyz: each thing that the API depends on, and whether it answers.
import { readiness } from '@styleforge/contracts';
import type { Readiness } from '@styleforge/contracts';
import type { ApiDependencies } from '../../dependencies.ts';
import type { ApiServer } from '../../http/api-server.ts';

const CHECK_TIMEOUT_MS = 3000;
/** A key that needs not exist: the store only has to answer. */
const PROBE_KEY = 'readiness/probe';

type Dependency = Readiness['dependencies'][string];

export function readyzRoute(app: ApiServer, { database, objectStore, readinessChecks = {} }: ApiDependencies): void {
  const checks: Record<string, () => Promise<unknown>> = {
    database: () => database.ping(),
    object_store: () => objectStore.head(PROBE_KEY),
    ...readinessChecks,
  };
  const schema = { tags: ['service'], summary: 'Can the service work', response: { 200: readiness, 503: readiness } };
  app.get('/readyz', { schema }, async (request, reply) => {
    const entries = await Promise.all(
      Object.entries(checks).map(async ([name, check]): Promise<[string, Dependency]> => {
        try {
          await withTimeout(check());
          return [name, { status: 'up' }];
        } catch (error) {
          request.log.error({ err: error, dependency: name }, 'dependency is down');
          return [name, { status: 'down', detail: 'does not answer as it should; the log says why' }];
        }
      }),
    );
    const ready = entries.every(([, { status }]) => status === 'up');
    reply.code(ready ? 200 : 503);
    return { status: ready ? ('ready' as const) : ('not_ready' as const), dependencies: Object.fromEntries(entries) };
  });
}

async function withTimeout(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
