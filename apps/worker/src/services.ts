// Connections, folders and settings that the parts of the worker share. Each file declares the part that it uses.
import type { FlowConfig, ObjectStoreConfig, WorkerConfig } from '@styleforge/config';
import type { Database } from '@styleforge/database';
import type { ObjectStore } from '@styleforge/storage';
import type { Metrics, TracingConfig } from '@styleforge/telemetry';
import type { Leases } from './held-row/leases.ts';
import type { Logger } from './logger.ts';
import type { DeviceClock } from './machine/device-clock.ts';
import type { DevicePool } from './machine/device-pool.ts';
import type { DiskRoom } from './machine/disk-room.ts';
import type { Usage } from './machine/usage-meter.ts';
import type { SpareProcess } from './processes/spare-process.ts';

export interface WorkerServices {
  database: Database;
  leases: Leases;
  objectStore: ObjectStore;
  objectStoreConfig: ObjectStoreConfig;
  baseModelsDirectory: string;
  /** Folder for copies of base models from the object store. */
  baseModelCacheDirectory: string;
  /** Folder for files that a job needs only while it runs. */
  scratchDirectory: string;
  /** Space on the disks that work is written to. */
  room: DiskRoom;
  /** Folder for features of reference images, which later evaluations may use. */
  featureCacheDirectory: string;
  settings: WorkerConfig;
  webhooks: FlowConfig['webhooks'];
  sweep: FlowConfig['sweep'];
  log: Logger;
  devices: DevicePool;
  /** Clock shared by all work that runs on this worker's devices at the same time. */
  deviceClock: DeviceClock;
  /** Counts what the current work uses. */
  usage?: Usage;
  metrics?: Metrics;
  tracing?: TracingConfig | undefined;
  /** A process that is ready for the next training. */
  spare?: SpareProcess;
}

/** The part of the services that a file uses. */
export type Services<Name extends keyof WorkerServices> = Pick<WorkerServices, Name>;
