// The service's own state.
import { createObjectStoreProbe } from '@styleforge/storage';
import { createReadiness, migrationsCheck } from '@styleforge/telemetry';
import type { ApiDependencies } from '../../dependencies.ts';
import type { ApiServer } from '../../http/api-server.ts';
import { healthzRoute } from './healthz.ts';
import { readyzRoute } from './readyz.ts';

export function registerHealthRoutes(
  app: ApiServer,
  { database, objectStore, queues, readinessChecks = {}, metrics }: ApiDependencies,
): void {
  healthzRoute(app);
  const checks = {
    database: () => database.ping(),
    migrations: migrationsCheck(() => database.operations.missingMigrations()),
    object_store: createObjectStoreProbe(objectStore),
    ...(queues && { queue: () => queues.ping() }),
    ...readinessChecks,
  };
  readyzRoute(app, createReadiness(checks, { log: app.log as Parameters<typeof createReadiness>[1]['log'], metrics }));
}
