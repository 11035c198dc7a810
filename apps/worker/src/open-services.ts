// Connects a worker to its database and its object store, and checks both.
import { mkdir } from 'node:fs/promises';
import type { Config } from '@styleforge/config';
import { checkDatabase, createDatabase, type Database } from '@styleforge/database';
import {
  checkObjectStore,
  createObjectStore,
  identifyStore,
  type ObjectStore,
  observeObjectStore,
  ownObjectStore,
} from '@styleforge/storage';
import type { Metrics } from '@styleforge/telemetry';
import { Leases } from './held-row/leases.ts';
import type { Logger } from './logger.ts';
import { DeviceClock } from './machine/device-clock.ts';
import { DevicePool } from './machine/device-pool.ts';
import { DiskRoom } from './machine/disk-room.ts';
import { SpareProcess } from './processes/spare-process.ts';
import type { WorkerServices } from './services.ts';

const unfinishedForMs = 24 * 3_600_000;

async function openObjectStore(
  { objectStore: config }: Config,
  { installation }: Database,
  log: Logger,
  metrics: Metrics,
): Promise<ObjectStore> {
  const objectStore = await createObjectStore(config);
  await checkObjectStore(objectStore);
  await identifyStore(objectStore, config, installation);
  // Optional: some S3 servers do not support this, and some keys may not do it.
  await objectStore
    .removeUnfinished?.(unfinishedForMs)
    .catch((error: unknown) =>
      log.warn({ err: error }, 'unfinished uploads in the object store could not be searched for; the next start of a worker tries again'),
    );
  return observeObjectStore(ownObjectStore(objectStore, config, installation), (operation, outcome, seconds) =>
    metrics.observe('styleforge_store_operation_seconds', { operation, outcome }, seconds),
  );
}

export async function openServices(config: Config, databaseUrl: string, log: Logger, metrics: Metrics): Promise<WorkerServices> {
  const { devices } = config.worker;
  await checkDatabase(databaseUrl);
  const database = createDatabase(databaseUrl, {
    maxConnections: 5,
    onQuery: (statement, milliseconds) => metrics.observe('styleforge_database_query_seconds', { statement }, milliseconds / 1_000),
  });
  const services: WorkerServices = {
    database,
    leases: new Leases(database),
    objectStore: await openObjectStore(config, database, log, metrics),
    objectStoreConfig: config.objectStore,
    baseModelsDirectory: config.baseModelsDirectory,
    baseModelCacheDirectory: `${config.dataDirectory}/base-models`,
    scratchDirectory: `${config.dataDirectory}/scratch`,
    room: new DiskRoom({ directories: writtenBy(config), leastBytes: config.operations.minFreeDiskMB * 1024 ** 2 }),
    featureCacheDirectory: `${config.dataDirectory}/features`,
    settings: config.worker,
    webhooks: config.flow.webhooks,
    sweep: config.flow.sweep,
    devices: new DevicePool(devices),
    deviceClock: new DeviceClock(undefined, devices.length),
    log,
    metrics,
    tracing: config.operations.tracing,
    spare: new SpareProcess(log),
  };
  await mkdir(services.scratchDirectory, { recursive: true });
  return services;
}

/** Folders that work writes to, which may be on different disks. */
const writtenBy = ({ dataDirectory, objectStore }: Config): string[] => [
  dataDirectory,
  ...(objectStore.kind === 'files' ? [objectStore.directory] : []),
];
