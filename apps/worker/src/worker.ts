// Connects a worker to its services, publishes the outbox, and takes jobs.
import type { Config } from '@styleforge/config';
import { createDatabase, type Database } from '@styleforge/database';
import { type Consumer, createConsumer, createQueues, queueConnectionOf, startOutboxPublisher } from '@styleforge/queue';
import { createObjectStore, type ObjectStore } from '@styleforge/storage';
import type { Logger } from './logger.ts';
import { abandonGeneration, runGeneration } from './run-generation.ts';
import { abandonTrainingJob, runTrainingJob } from './run-training-job.ts';

export interface WorkerServices {
  database: Database;
  objectStore: ObjectStore;
  baseModelsDirectory: string;
  /** For files that a job needs only while it runs. */
  scratchDirectory: string;
  device: Config['device'];
  log: Logger;
}

export async function startWorker(config: Config, log: Logger): Promise<{ stop(graceMs: number): Promise<void> }> {
  if (!config.databaseUrl) throw new Error('DATABASE_URL: a worker needs the database of its service; npm start brings both');
  const database = createDatabase(config.databaseUrl, { maxConnections: 5 });
  await database.ping();
  const services: WorkerServices = {
    database,
    objectStore: createObjectStore(config.objectStore),
    baseModelsDirectory: config.baseModelsDirectory,
    scratchDirectory: `${config.dataDirectory}/scratch`,
    device: config.device,
    log,
  };
  const connection = queueConnectionOf(config);
  const queues = await createQueues(connection, log);
  const publisher = await startOutboxPublisher({ databaseUrl: config.databaseUrl, outbox: database.outbox, queues, log });
  const consumers: Consumer[] = [
    await createConsumer(connection, {
      name: 'train',
      concurrency: config.workerConcurrency,
      log,
      handle: ({ jobId }, context) => runTrainingJob(jobId, context, services),
      onAbandoned: ({ jobId }, error) => abandonTrainingJob(jobId, error, services),
    }),
    await createConsumer(connection, {
      name: 'generate',
      concurrency: config.workerConcurrency,
      log,
      handle: ({ generationId }, context) => runGeneration(generationId, context, services),
      onAbandoned: ({ generationId }, error) => abandonGeneration(generationId, error, services),
    }),
  ];
  log.info({ device: config.device, concurrency: config.workerConcurrency, queue: connection.kind }, 'the worker takes jobs');
  return {
    async stop(graceMs) {
      await Promise.all(consumers.map((consumer) => consumer.close(graceMs)));
      await publisher.stop();
      await queues.close();
      await database.close();
    },
  };
}
