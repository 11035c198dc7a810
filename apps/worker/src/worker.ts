// Starts a worker: publishes the outbox, and takes jobs.
import { type Config, visibleCards } from '@styleforge/config';
import {
  type Consumer,
  createConsumer,
  createQueues,
  type JobName,
  type JobQueues,
  queueConnectionOf,
  type QueueConnection,
  type Dependencies,
  queueMix,
  startOutboxPublisher,
  startRescuer,
} from '@styleforge/queue';
import { checkObjectStore, isStorageFull } from '@styleforge/storage';
import { createMetrics, type Metrics, withDeadline } from '@styleforge/telemetry';
import { openDevices } from './device.ts';
import type { Logger } from './logger.ts';
import { isAway } from './failures.ts';
import { runExport } from './exports/run-export.ts';
import { Turns } from './held-row/turns.ts';
import { PodDeletionCost } from './machine/pod-deletion-cost.ts';
import { CardReadings } from './machine/card-readings.ts';
import { Registration } from './machine/registration.ts';
import { ModelCache, ownModelDirectory } from './generation/model-cache.ts';
import { runEvaluation } from './evaluation/run-evaluation.ts';
import { runGeneration } from './generation/run-generation.ts';
import { runTrainingJob } from './training/run-training-job.ts';
import type { JobLogs } from './job-logs.ts';
import { openServices } from './open-services.ts';
import type { WorkerServices } from './services.ts';
import { runSweep } from './sweep/run-sweep.ts';
import { deliverWebhook } from './webhooks/deliver.ts';

export interface RunningWorker {
  services: WorkerServices;
  queues: JobQueues;
  stop(graceMs: number): Promise<void>;
}

export interface WorkerOptions {
  metrics?: Metrics;
  /** Log lines about training jobs. */
  jobLogs?: JobLogs;
}

export async function startWorker(config: Config, log: Logger, options: WorkerOptions = {}): Promise<RunningWorker> {
  const { metrics = createMetrics(), jobLogs } = options;
  if (!config.databaseUrl)
    throw new Error(
      'DATABASE_URL: is not set, but a worker needs the database of its service; set it, or use npm start, which runs everything',
    );
  const { devices, trainingDevices } = config.worker;
  const mix = queueMix(config.worker.queues, { train: Math.floor(devices.length / trainingDevices) });
  const facts = await openDevices(devices, log);
  const services = await openServices(config, config.databaseUrl, log, metrics);
  const { database } = services;
  jobLogs?.start(database);
  const connection = queueConnectionOf(config);
  const queues = await createQueues(connection, log);
  const scheduleSweep = () => queues.repeat('sweep', config.flow.sweep.everyMinutes * 60_000, {});
  await scheduleSweep();
  const publisher = await startOutboxPublisher({ database, queues, log, maxRunningJobsPerProject: config.flow.maxRunningJobsPerProject });
  const rescuer = startRescuer({ database, queues, log, metrics, alsoEachRound: scheduleSweep });
  const consumers = await startConsumers(mix, connection, services);
  const cost = config.worker.pod && new PodDeletionCost(config.worker.pod, log);
  cost?.set(false);
  const cards = new CardReadings({ devices: config.worker.devices, visible: visibleCards() });
  const registration = await Registration.start({
    ...{ database, device: config.worker.device, facts, queues: mix, consumers, log },
    cards: () => cards.latest(),
    onBusy: (isBusy) => cost?.set(isBusy),
  });
  log.info({ worker: registration.id, devices, queues: mix, connection: connection.kind }, 'ready: the worker takes jobs');
  return {
    services,
    queues,
    async stop(graceMs) {
      await registration.stopping();
      await Promise.all([...consumers.values()].map((consumer) => consumer.close(graceMs)));
      await services.spare?.close();
      await registration.stop();
      cost?.stop();
      await rescuer.stop();
      await publisher.stop();
      await queues.close();
      await jobLogs?.stop();
      await database.close();
    },
  };
}

/** Dependencies of jobs besides the queue; after an outage, they are checked until all respond. */
function dependenciesOf({ database, objectStore, leases }: WorkerServices): Dependencies {
  return {
    isAway,
    async check() {
      await withDeadline('connecting to the database', checkMs, () => database.ping());
      await withDeadline('connecting to the object store', checkMs, () => checkObjectStore(objectStore));
      await leases.releaseRest();
    },
  };
}

/** A full disk counts as unavailable, too. The sweep runs anyway, because it frees space. */
function withDisk(services: WorkerServices): Dependencies {
  const others = dependenciesOf(services);
  return {
    isAway: (error) => others.isAway(error) || isStorageFull(error),
    async check() {
      await services.room.check();
      await others.check();
    },
  };
}

const checkMs = 10_000;

type StartConsumer = (connection: QueueConnection, concurrency: number, services: WorkerServices) => Promise<Consumer>;

const starters: Record<JobName, StartConsumer> = {
  train: (connection, concurrency, services) =>
    createConsumer(connection, {
      name: 'train',
      concurrency,
      log: services.log,
      metrics: services.metrics,
      dependencies: withDisk(services),
      handle: ({ jobId }, context) => runTrainingJob(jobId, context, services),
    }),
  generate: async (connection, concurrency, services) => {
    const { settings, scratchDirectory, log, metrics } = services;
    const models = new ModelCache(await ownModelDirectory(scratchDirectory), settings, {
      onLoaded: (loaded) => log.info(loaded, 'model loaded'),
      onUnreadable: (error) => log.error({ err: error }, 'the generation process sent an unreadable message and was ended'),
      onLeftBehind: (error) =>
        log.warn({ err: error }, 'a local copy of a model could not be removed; the next start of a worker removes it'),
    });
    const turns = new Turns({ topic: 'generate', slots: concurrency, sliceMs: 10_000, waiting: services.database.stranded });
    const consumer = await createConsumer(connection, {
      name: 'generate',
      concurrency,
      log,
      metrics,
      dependencies: withDisk(services),
      handle: ({ generationId }, context) => runGeneration(generationId, context, { models, turns }, services),
    });
    return {
      ...consumer,
      async close(deadlineMs) {
        await consumer.close(deadlineMs);
        await models.close();
      },
    };
  },
  webhook: (connection, concurrency, services) =>
    createConsumer(connection, {
      name: 'webhook',
      concurrency,
      log: services.log,
      metrics: services.metrics,
      dependencies: dependenciesOf(services),
      handle: ({ deliveryId }, context) => deliverWebhook(deliveryId, context, services),
    }),
  evaluate: (connection, concurrency, services) => {
    // An evaluation loads its models again in each turn.
    const turns = new Turns({ topic: 'evaluate', slots: concurrency, sliceMs: 300_000, waiting: services.database.stranded });
    return createConsumer(connection, {
      name: 'evaluate',
      concurrency,
      log: services.log,
      metrics: services.metrics,
      dependencies: withDisk(services),
      handle: ({ evaluationId }, context) => runEvaluation(evaluationId, context, turns, services),
    });
  },
  export: (connection, concurrency, services) =>
    createConsumer(connection, {
      name: 'export',
      concurrency,
      log: services.log,
      metrics: services.metrics,
      dependencies: withDisk(services),
      handle: ({ exportId }, context) => runExport(exportId, context, services),
    }),
  sweep: (connection, concurrency, services) =>
    createConsumer(connection, {
      name: 'sweep',
      concurrency,
      log: services.log,
      metrics: services.metrics,
      dependencies: dependenciesOf(services),
      handle: async () => {
        await runSweep(services);
        return 'finished';
      },
    }),
};

async function startConsumers(
  mix: Partial<Record<JobName, number>>,
  connection: QueueConnection,
  services: WorkerServices,
): Promise<Map<JobName, Consumer>> {
  const wanted = Object.entries(mix) as [JobName, number][];
  const started = wanted.map(async ([name, concurrency]) => [name, await starters[name](connection, concurrency, services)] as const);
  return new Map(await Promise.all(started));
}
