// Objects without a row and rows without an object, both older than the grace period: a crash between two writes leaves them.
import type { ExpectedObject } from '@styleforge/database';
import { datasetThumbnailKey, evaluationReportKey, type ListedObject, manifestName } from '@styleforge/storage';
import type { SweepServices } from './run-sweep.ts';

const HOUR_MS = 3_600_000;
const ROOT = 'projects/';

/** Kinds of objects that a row stands for. Others, such as class images, are left alone. */
const OWNED = /^projects\/[^/]+\/(?:datasets|generations|evaluations|training-jobs\/[^/]+\/(?:validation|checkpoints))\//;

export async function sweepOrphans(services: SweepServices): Promise<Record<string, number>> {
  const total = { objectsWithoutRow: 0, rowsWithoutObject: 0 };
  const projects = new Set((await services.database.prisma.project.findMany({ select: { id: true } })).map(({ id }) => id));
  for await (const [projectId, objects] of byProject(services)) {
    projects.delete(projectId);
    await sweepProject(projectId, objects, services, total);
  }
  for (const projectId of projects) await sweepProject(projectId, [], services, total);
  return total;
}

/** A store lists what is below one folder together, and so a project's objects. */
async function* byProject({ objectStore }: SweepServices): AsyncGenerator<[string, ListedObject[]]> {
  let current: string | undefined;
  let objects: ListedObject[] = [];
  for await (const object of objectStore.list(ROOT)) {
    const [, projectId = ''] = object.key.split('/');
    if (current !== undefined && projectId !== current) {
      yield [current, objects];
      objects = [];
    }
    current = projectId;
    objects.push(object);
  }
  if (current !== undefined) yield [current, objects];
}

async function sweepProject(
  projectId: string,
  objects: ListedObject[],
  services: SweepServices,
  total: { objectsWithoutRow: number; rowsWithoutObject: number },
): Promise<void> {
  const { database, objectStore, sweep, log } = services;
  const graceEnd = new Date(Date.now() - sweep.orphanGraceHours * HOUR_MS);
  // After the listing: a row is written after its object, so whatever is listed has its row by now, or is an orphan or young.
  const expected = await database.retention.expectedObjects(projectId);
  const reports = (await database.retention.evaluationIds(projectId)).map((id) => evaluationReportKey(projectId, id));
  const known = new Set([...reports, ...expected.flatMap((row) => [row.key, ...companionsOf(projectId, row)])]);
  const isOrphan = ({ key, modifiedAt }: ListedObject) => OWNED.test(key) && modifiedAt < graceEnd && !known.has(key);
  for (const { key } of objects.filter(isOrphan)) {
    log.info({ key, dryRun: sweep.dryRun }, 'an object without a row');
    if (!sweep.dryRun) await objectStore.delete(key);
    total.objectsWithoutRow += 1;
  }
  const stored = new Set(objects.map(({ key }) => key));
  for (const row of expected)
    if (row.createdAt < graceEnd && !stored.has(row.key)) total.rowsWithoutObject += await sweepRow(row, services);
}

/** Objects without rows of their own that belong to the row's object. */
function companionsOf(projectId: string, row: ExpectedObject): string[] {
  if (row.kind === 'dataset image') return [datasetThumbnailKey(projectId, row.datasetId, row.imageId)];
  return row.kind === 'checkpoint' ? [row.objectPrefix + manifestName] : [];
}

/** What a listing does not show is asked for once more before its row goes. */
async function sweepRow({ key, kind, remove }: ExpectedObject, { objectStore, sweep, log }: SweepServices): Promise<number> {
  if ((await objectStore.head(key)) !== null) return 0;
  log.warn({ key, kind, dryRun: sweep.dryRun, removed: remove !== null && !sweep.dryRun }, 'a row without its object');
  if (!sweep.dryRun) await remove?.();
  return 1;
}
