// Routes for the state of the service.
import type { Readiness } from '@styleforge/contracts';
import { createObjectStoreProbe } from '@styleforge/storage';
import { createReadiness, migrationsCheck } from '@styleforge/telemetry';
import type { ApiOptions } from '../../dependencies.ts';
import { sharedFor } from '../../http/shared-for.ts';
import type { ApiServer } from '../../http/api-server.ts';
import { healthzRoute } from './healthz.ts';
import { readyzRoute } from './readyz.ts';

const SHARED_MS = 250;

/** Checks all dependencies of the API. Results are shared for some time, because anybody may call this and each check queries them all. */
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
