// The API as a process of its own: settings, dependencies, listen, stop when asked.
import { loadConfig } from '@styleforge/config';
import { createDatabase, migrate } from '@styleforge/database';
import { createRateLimiter } from '@styleforge/queue';
import { createObjectStore } from '@styleforge/storage';
import { startApi } from './server.ts';

const SHUTDOWN_DEADLINE_MS = 10_000;

const config = loadConfig();
if (config.databaseUrl === undefined) {
  throw new Error('DATABASE_URL: the API alone needs a Postgres; set it, or run `npm start`, which brings one');
}
await migrate(config.databaseUrl);
const database = createDatabase(config.databaseUrl);
const rateLimiter = config.rateLimit
  ? createRateLimiter({ ...config.rateLimit, redisUrl: config.redisUrl, onRedisError: ({ message }) => process.emitWarning(`Redis does not count requests: ${message}`) })
  : undefined;
const { host, port, logLevel, baseModelsDirectory, flow: { maxQueuedJobsPerProject, webhooks } } = config;
const objectStore = createObjectStore(config.objectStore);
const api = await startApi({ database, objectStore, rateLimiter, host, port, logLevel, baseModelsDirectory, maxQueuedJobsPerProject, webhookNetworks: webhooks.allowedNetworks });

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  setTimeout(() => process.exit(1), SHUTDOWN_DEADLINE_MS).unref();
  await api.close();
  await rateLimiter?.close();
  await database.close();
}
