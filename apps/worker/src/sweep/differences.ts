// Finds differences between store and database after crashes: objects without a row, and rows without an object.
import type { ExpectedRow } from '@styleforge/database';
import {
  evaluationReportKey,
  generationInputKey,
  type ListedObject,
  manifestName,
  projectsPrefix,
  thumbnailKeys,
} from '@styleforge/storage';
import type { SweepServices } from './sweep-services.ts';

const HOUR_MS = 3_600_000;

/** Kinds of objects that have a row. Others, such as class images, are not touched. */
const OWNED = /^projects\/[^/]+\/(?:datasets|generations|evaluations|models|training-jobs\/[^/]+\/(?:validation|checkpoints|exports))\//;

export interface Differences {
  objects: number;
  rows: number;
  /** Keys of objects without a row. */
  orphans: string[];
  /** Rows without an object, with the first of its keys that is not in the store. */
  missing: { row: ExpectedRow; key: string }[];
  /** Rows marked as missing whose objects are all in the store. */
  foundAgain: ExpectedRow[];
}

export async function findDifferences(services: SweepServices): Promise<Differences> {
  const found: Differences = { objects: 0, rows: 0, orphans: [], missing: [], foundAgain: [] };
  const projects = new Set(await services.database.installation.projectIds());
  for await (const [projectId, objects] of byProject(services)) {
    projects.delete(projectId);
    await compareProject(projectId, objects, services, found);
  }
  for (const projectId of projects) await compareProject(projectId, [], services, found);
  return found;
}

/** A store lists the objects below a folder together, so that a project's objects are consecutive. */
async function* byProject({ objectStore }: SweepServices): AsyncGenerator<[string, ListedObject[]]> {
  let current: string | undefined;
  let objects: ListedObject[] = [];
  for await (const object of objectStore.list(projectsPrefix)) {
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

async function compareProject(projectId: string, objects: ListedObject[], services: SweepServices, found: Differences): Promise<void> {
  const { database, objectStore } = services;
  const graceEnd = graceEndOf(services);
  // Reads the rows after the listing. A row is written after its object, so a listed object has a row, is an orphan, or is new.
  const expected = await database.retention.expectedRows(projectId);
  const reports = (await database.retention.evaluationIds(projectId)).map((id) => evaluationReportKey(projectId, id));
  const inputs = (await database.generations.idsWithInput(projectId)).map((id) => generationInputKey(projectId, id));
  const known = new Set([...reports, ...inputs, ...expected.flatMap((row) => [...row.keys, ...companionsOf(row)])]);
  found.objects += objects.length;
  found.rows += expected.length;
  found.orphans.push(...objects.filter(({ key, modifiedAt }) => OWNED.test(key) && modifiedAt < graceEnd && !known.has(key)).map(keyOf));
  const stored = new Set(objects.map(keyOf));
  for (const row of expected) {
    const key = row.keys.find((wanted) => !stored.has(wanted));
    if (key === undefined && row.missingSince !== null) found.foundAgain.push(row);
    // Objects that the listing does not show are looked up individually.
    if (key !== undefined && row.createdAt < graceEnd && (await objectStore.head(key)) === null) found.missing.push({ row, key });
  }
}

/** Objects without rows of their own that belong to the row's object. */
function companionsOf(row: ExpectedRow): string[] {
  return row.kind === 'checkpoint' ? [row.objectPrefix + manifestName] : row.keys.flatMap(thumbnailKeys);
}

const keyOf = ({ key }: { key: string }) => key;

/** Minimum age: the counterparts of newer objects and rows may not have been written yet. */
export const graceEndOf = ({ sweep }: SweepServices) => new Date(Date.now() - sweep.orphanGraceHours * HOUR_MS);
