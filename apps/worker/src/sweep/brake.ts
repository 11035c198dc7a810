// Limits on differences between store and database. Crashes explain a few; more differences mean that something else is wrong.
import type { Differences } from './differences.ts';
import type { SweepServices } from './sweep-services.ts';

/** Thrown when store and database differ more than crashes can explain, so that the sweep must not act. */
export class SweepRefusedError extends Error {
  override name = 'SweepRefusedError';
}

/** Maximum number of rows without objects before the sweep stops: a crash between two writes leaves at most one. */
const mostRows = (rows: number) => Math.max(20, rows * 0.01);
/** Maximum number of objects without rows: a crash during a deletion leaves all of a dataset, and they only move to the trash. */
const mostObjects = (objects: number) => Math.max(200, objects * 0.1);

/** Throws SweepRefusedError; a dry run, which changes nothing, continues and shows what is wrong. */
export function assertExplainable({ missing, rows, orphans, objects }: Differences, { sweep, log }: SweepServices): void {
  const newlyMissing = missing.filter(({ row }) => row.missingSince === null);
  const reasons = [
    newlyMissing.length > mostRows(rows) && `${newlyMissing.length} of ${rows} rows have no object in the store (${newlyMissing[0]?.key})`,
    orphans.length > mostObjects(objects) && `${orphans.length} of ${objects} objects have no row in the database (${orphans[0]})`,
  ].filter((reason) => reason !== false);
  if (reasons.length === 0) return;
  const message =
    `The sweep changes nothing: ${reasons.join(', and ')}. Check that the object store is complete and that the ` +
    'database is the newest one. SWEEP_DRY_RUN=true lists ' +
    'the differences. If they are correct, run one sweep with SWEEP_BRAKE=false: it marks rows as missing, and moves objects to the trash';
  if (sweep.brake && !sweep.dryRun) throw new SweepRefusedError(message);
  log.warn({ rows, objects, missing: newlyMissing.length, orphans: orphans.length }, message);
}
