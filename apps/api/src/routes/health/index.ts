// The service's own state.
import type { Readiness } from '@styleforge/contracts';
import { createObjectStoreProbe } from '@styleforge/storage';
import { createReadiness, migrationsCheck } from '@styleforge/telemetry';
import type { ApiOptions } from '../../dependencies.ts';
import { sharedFor } from '../../http/shared-for.ts';
import type { ApiServer } from '../../http/api-server.ts';
import { healthzRoute } from './healthz.ts';
import { readyzRoute } from './readyz.ts';

const SHARED_MS = 250;

/** Asks everything that the API depends on. Each look asks the database, the store and the queue, and anyone may ask: looks are shared. */
export function createServiceReadiness(
  { database, objectStore, queues, readinessChecks = {} }: ApiOptions,
  log: Parameters<typeof createReadiness>[1],
): () => Promise<Readiness> {
  const checks = {
    database: () => database.ping(),
    migrations: migrationsCheck(() => database.operations.missingMigrations()),
    object_store: createObjectStoreProbe(objectStore),
    ...(queues && { queue: () => queues.ping() }),
    ...readinessChecks,
  };
  return sharedFor(SHARED_MS, createReadiness(checks, log));
}

export function registerHealthRoutes(app: ApiServer, readiness: () => Promise<Readiness>): void {
  healthzRoute(app);
  readyzRoute(app, readiness);
}
