// Resolves differences between store and database: moves objects without a row to the trash, and marks rows without an object.
import { assertExplainable } from './brake.ts';
import { type Differences, findDifferences, graceEndOf } from './differences.ts';
import type { SweepServices } from './sweep-services.ts';
import { discard } from './trash.ts';

/** Finds and counts all differences first; changes nothing if crashes cannot explain their number. */
export async function sweepOrphans(services: SweepServices): Promise<Record<string, number>> {
  const found = await findDifferences(services);
  assertExplainable(found, services);
  return settle(found, services);
}

async function settle({ orphans, missing, foundAgain }: Differences, services: SweepServices): Promise<Record<string, number>> {
  const { sweep, log } = services;
  for (const key of orphans) {
    log.info(
      { key, dryRun: sweep.dryRun },
      sweep.dryRun ? 'sweep: an object without a row would go to the trash' : 'sweep: an object without a row goes to the trash',
    );
    if (!sweep.dryRun) await discard(key, services);
  }
  const graceEnd = graceEndOf(services);
  let rowsRemoved = 0;
  for (const { row, key } of missing) {
    const remove = row.missingSince !== null && row.missingSince < graceEnd ? row.remove : null;
    log.warn(
      { key, kind: row.kind, missingSince: row.missingSince, removed: remove !== null, dryRun: sweep.dryRun },
      'sweep: the object of a row is missing; look for it in trash/ of the object store',
    );
    if (remove !== null) rowsRemoved += 1;
    if (sweep.dryRun) continue;
    if (remove !== null) await remove();
    else if (row.missingSince === null) await row.mark(new Date());
  }
  for (const row of sweep.dryRun ? [] : foundAgain) await row.mark(null);
  return { objectsWithoutRow: orphans.length, rowsWithoutObject: missing.length, rowsRemoved, rowsFoundAgain: foundAgain.length };
}
