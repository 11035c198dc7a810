// Runs the API as a process: reads settings, opens dependencies, listens, and stops on a signal. Every phase has a deadline.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@styleforge/config';
import { createDatabase, migrate } from '@styleforge/database';
import { createQueues, createRateLimiter, queueConnectionOf } from '@styleforge/queue';
import { createObjectStore, identifyStore, observeObjectStore, ownObjectStore } from '@styleforge/storage';
import { createLogger, createMetrics, diskSpaceCheck, shutDown, startTracing, withDeadline } from '@styleforge/telemetry';
import { downloadOrigins } from './http/download-origins.ts';
import { startApi } from './server.ts';
import { clearUploadFolders } from './services/files/upload-folders.ts';

const SECOND = 1_000;

const config = loadConfig();
const { databaseUrl, host, port, logLevel, baseModelsDirectory, dataDirectory, flow } = config;
if (databaseUrl === undefined) {
  throw new Error('DATABASE_URL: the API needs a Postgres database; set it, or run `npm start`, which includes one');
}
const log = createLogger({ name: 'api', level: logLevel });
const metrics = createMetrics();
const tracing = await startTracing('styleforge-api', config.operations.tracing);
const uploadDirectory = join(dataDirectory, 'uploads');
await mkdir(uploadDirectory, { recursive: true });
const cleared = await clearUploadFolders(uploadDirectory);
if (cleared > 0) log.info({ cleared }, 'removed files that interrupted uploads left');
// Another process may be migrating, and a migration can take long.
if (config.operations.migrateOnStart) await withDeadline('migrating the database', 600 * SECOND, () => migrate(databaseUrl));
const database = createDatabase(databaseUrl, {
  keepsConnections: true,
  onQuery: (statement, milliseconds) => metrics.observe('styleforge_database_query_seconds', { statement }, milliseconds / SECOND),
});
const queues = await withDeadline('connecting to the queue', 60 * SECOND, () => createQueues(queueConnectionOf(config), log));
const store = await createObjectStore(config.objectStore);
await withDeadline('checking the identity of the object store', 60 * SECOND, () =>
  identifyStore(store, config.objectStore, database.installation),
);
const objectStore = observeObjectStore(ownObjectStore(store, config.objectStore, database.installation), (operation, outcome, seconds) =>
  metrics.observe('styleforge_store_operation_seconds', { operation, outcome }, seconds),
);
const rateLimiter = config.rateLimit
  ? createRateLimiter({
      ...config.rateLimit,
      redisUrl: config.redisUrl,
      onRedisError: (error) => log.warn({ err: error }, 'Redis is unavailable, so requests are not counted'),
    })
  : undefined;
const wrongKeyLimiter =
  config.wrongKeysPerMinute === null ? undefined : createRateLimiter({ requests: config.wrongKeysPerMinute, seconds: 60 });
await withDeadline('preparing the connections to the database', 30 * SECOND, () => database.rehearse()).catch((error: unknown) =>
  log.warn({ err: error }, 'the connections to the database could not be prepared; the first requests will take longer'),
);
const readinessChecks = { disk_space: diskSpaceCheck(dataDirectory, config.operations.minFreeDiskMB) };
const api = await startApi({
  database,
  objectStore,
  queues,
  rateLimiter,
  wrongKeyLimiter,
  trustedProxies: config.trustedProxies,
  metrics,
  readinessChecks,
  host,
  port,
  logLevel,
  baseModelsDirectory,
  baseModelCacheDirectory: `${dataDirectory}/base-model-headers`,
  uploadDirectory,
  showsQueueBoard: config.operations.queueBoard,
  eventStreamsPerKey: config.eventStreamsPerKey,
  uploadsPerKey: config.uploadsPerKey,
  uploadsAtOnce: config.uploadsAtOnce,
  maxConnections: config.maxConnections,
  corsOrigins: config.corsOrigins,
  maxQueuedJobsPerProject: flow.maxQueuedJobsPerProject,
  generationBudgetPerProject: flow.generationBudgetPerProject,
  evaluationBudgetPerProject: flow.evaluationBudgetPerProject,
  webhookNetworks: flow.webhooks.allowedNetworks,
  sweep: flow.sweep,
  dashboard: {
    directory: fileURLToPath(new URL('../../dashboard/dist/page/', import.meta.url)),
    imageOrigins: downloadOrigins(config.objectStore),
  },
});

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal));

async function stop(cause: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  log.info({ cause }, 'stopping: finishing the requests in progress');
  const orderly = await shutDown(
    [
      { name: 'http', deadlineMs: 6 * SECOND, run: () => api.close() },
      { name: 'queue', deadlineMs: SECOND, run: async () => Promise.all([queues.close(), rateLimiter?.close()]) },
      { name: 'database', deadlineMs: 2 * SECOND, run: () => database.close() },
      { name: 'traces', deadlineMs: 2 * SECOND, run: () => tracing.stop() },
    ],
    log,
  );
  process.exit(orderly ? 0 : 1);
}
