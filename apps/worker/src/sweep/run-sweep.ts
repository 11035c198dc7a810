// The regular clean-up: what has been kept long enough goes, and so does what store and database do not agree about.
import type { FlowConfig } from '@styleforge/config';
import type { Database } from '@styleforge/database';
import type { ObjectStore } from '@styleforge/storage';
import type { Logger } from '../logger.ts';
import { expire } from './expire.ts';
import { sweepOrphans } from './orphans.ts';

export interface SweepServices {
  database: Database;
  objectStore: ObjectStore;
  sweep: FlowConfig['sweep'];
  log: Logger;
}

/** How many of each kind went, or with `dryRun` would go. Null when another process is sweeping. */
export async function runSweep(services: SweepServices): Promise<Record<string, number> | null> {
  const { database, sweep, log } = services;
  const swept = await database.exclusively('sweep', async () => ({ ...(await expire(services)), ...(await sweepOrphans(services)) }));
  if (swept === undefined) {
    log.info({}, 'another process is sweeping');
    return null;
  }
  log.info({ ...swept, dryRun: sweep.dryRun }, sweep.dryRun ? 'sweep: this would go' : 'sweep: this is gone');
  return swept;
}
