// Runs the automatic cleanup: removes expired data, and resolves differences between store and database.
import { verifyStore } from '@styleforge/storage';
import { expire } from './expire.ts';
import { sweepOrphans } from './orphans.ts';
import type { SweepServices } from './sweep-services.ts';
import { emptyTrash } from './trash.ts';

export type { SweepServices } from './sweep-services.ts';

/**
 * Returns the number of removed objects of each kind; `dryRun` only counts them. Null if another process is sweeping. Throws, and has
 * changed nothing, when the store is not this database's own, or when the two differ by more than crashes explain.
 */
export async function runSweep(services: SweepServices): Promise<Record<string, number> | null> {
  const { database, sweep, log, metrics } = services;
  const swept = await database
    .exclusively('sweep', () => sweepAll(services))
    .catch((error: unknown) => {
      metrics?.set('styleforge_sweep_refused', {}, 1);
      throw error;
    });
  if (swept === undefined) {
    log.info({}, 'no sweep: another process is sweeping');
    return null;
  }
  metrics?.set('styleforge_sweep_refused', {}, 0);
  log.info({ ...swept, dryRun: sweep.dryRun }, sweep.dryRun ? 'sweep: would be removed' : 'sweep: removed');
  return swept;
}

async function sweepAll(services: SweepServices): Promise<Record<string, number>> {
  const { objectStore, objectStoreConfig, database } = services;
  await verifyStore(objectStore, objectStoreConfig, database.installation);
  // This step comes first, because it refuses to continue if the store seems to be damaged.
  const orphans = await sweepOrphans(services);
  return { ...orphans, ...(await expire(services)), trash: await emptyTrash(services) };
}
