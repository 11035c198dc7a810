// Services that a sweep uses.
import type { FlowConfig, ObjectStoreConfig } from '@styleforge/config';
import type { Database } from '@styleforge/database';
import type { ObjectStore } from '@styleforge/storage';
import type { Metrics } from '@styleforge/telemetry';
import type { Logger } from '../logger.ts';

export interface SweepServices {
  database: Database;
  objectStore: ObjectStore;
  /** The store's settings, for messages that say where it is. */
  objectStoreConfig: ObjectStoreConfig;
  sweep: FlowConfig['sweep'];
  log: Logger;
  metrics?: Metrics | undefined;
}
