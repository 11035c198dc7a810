// Serves a worker's /healthz, /readyz and /metrics if a port is configured for them.
import { type Config, listenError, urlOf } from '@styleforge/config';
import { createObjectStoreProbe } from '@styleforge/storage';
import {
  createReadiness,
  diskSpaceCheck,
  type Logger,
  type Metrics,
  migrationsCheck,
  startStatusServer,
  type StatusServer,
} from '@styleforge/telemetry';
import type { RunningWorker } from './worker.ts';

export async function startStatusPage(
  config: Config,
  { services, queues }: RunningWorker,
  { log, metrics }: { log: Logger; metrics: Metrics },
): Promise<StatusServer | undefined> {
  if (config.operations.workerPort === undefined) return undefined;
  const { database, objectStore, scratchDirectory } = services;
  metrics.onScrape(
    async () => {
      for (const [state, count] of Object.entries(database.connections())) metrics.set('styleforge_database_connections', { state }, count);
    },
    (error) => log.error({ err: error }, 'the gauges for /metrics could not be read; the next scrape tries again'),
  );
  const readiness = createReadiness(
    {
      database: () => database.ping(),
      migrations: migrationsCheck(() => database.operations.missingMigrations()),
      object_store: createObjectStoreProbe(objectStore),
      queue: () => queues.ping(),
      disk_space: diskSpaceCheck(scratchDirectory, config.operations.minFreeDiskMB),
    },
    { log, metrics },
  );
  const {
    host,
    operations: { workerPort: port },
  } = config;
  const page = await startStatusServer({ host, port, metrics, readiness }).catch((error: unknown) => {
    throw listenError(error, { host, port, setting: 'WORKER_PORT' });
  });
  log.info({ url: urlOf(host, page.port) }, 'the status page is available');
  return page;
}
