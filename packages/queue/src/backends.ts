// Opens BullMQ on Postgres or on Redis; the only user of bullmq.
import { createPostgresBackend, type Processor, Queue, type QueueOptions, Worker, type WorkerOptions } from 'bullmq';

export type QueueConnection = { kind: 'postgres'; databaseUrl: string } | { kind: 'redis'; redisUrl: string };

/** Redis when it is configured, the database otherwise. */
export function queueConnectionOf(config: { databaseUrl?: string; redisUrl?: string }): QueueConnection {
  if (config.redisUrl) return { kind: 'redis', redisUrl: config.redisUrl };
  if (config.databaseUrl) return { kind: 'postgres', databaseUrl: config.databaseUrl };
  throw new Error('the queue needs a database or a Redis: set DATABASE_URL or REDIS_URL');
}

/** The parts of a BullMQ queue that this package uses, the same on both backends. */
export type BackendQueue = Pick<
  Queue,
  'addBulk' | 'upsertJobScheduler' | 'getJob' | 'getJobCounts' | 'getJobScheduler' | 'waitUntilReady' | 'on' | 'close'
>;
export type BackendWorker = Pick<Worker, 'on' | 'close' | 'waitUntilReady' | 'pause' | 'resume'>;

const poolSize = 4;

export function openQueue(connection: QueueConnection, name: string, options: Omit<QueueOptions, 'connection'>): BackendQueue {
  if (connection.kind === 'redis') {
    return new Queue(name, { ...options, connection: { url: connection.redisUrl } });
  }
  return new Queue(
    name,
    { ...options, connection: postgresConnection(connection.databaseUrl) },
    createPostgresBackend,
  ) as unknown as BackendQueue;
}

export function openWorker(
  connection: QueueConnection,
  name: string,
  process: Processor,
  options: Omit<WorkerOptions, 'connection'>,
): BackendWorker {
  if (connection.kind === 'redis') {
    return new Worker(name, process, { ...options, connection: { url: connection.redisUrl, maxRetriesPerRequest: null } });
  }
  return new Worker(
    name,
    process,
    { ...options, connection: postgresConnection(connection.databaseUrl) },
    createPostgresBackend,
  ) as unknown as BackendWorker;
}

const postgresConnection = (connectionString: string) => ({ connectionString, migrate: true, max: poolSize });
