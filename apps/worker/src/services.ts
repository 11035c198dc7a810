// What the worker's rooms are handed: its connections, its folders and its settings. A file asks for the part that it uses.
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
  /** Copies of base models that the object store keeps. */
  baseModelCacheDirectory: string;
  /** Files that a job needs only while it runs. */
  scratchDirectory: string;
  /** Space on the disks that work is written to. */
  room: DiskRoom;
  /** Features of reference images, which any later evaluation may need. */
  featureCacheDirectory: string;
  settings: WorkerConfig;
  webhooks: FlowConfig['webhooks'];
  sweep: FlowConfig['sweep'];
  log: Logger;
  devices: DevicePool;
  /** Shared by all that runs on this worker's devices at a time. */
  deviceClock: DeviceClock;
  /** Counts what the work at hand uses. */
  usage?: Usage;
  metrics?: Metrics;
  tracing?: TracingConfig | undefined;
  /** A process that is ready for the next training. */
  spare?: SpareProcess;
}

/** The part of the services that a file uses. */
export type Services<Name extends keyof WorkerServices> = Pick<WorkerServices, Name>;
