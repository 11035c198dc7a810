// Workers of the installation, with only those details that a caller of one project may see.
import { LIVE_WORKER_STATUSES } from '@styleforge/contracts';
import type { Page, PageQuery, WorkerBody, WorkerStatus } from '@styleforge/contracts';
import type { Database, WorkerRow } from '@styleforge/database';
import { notFound } from '../../errors/api-error.ts';
import { presentWorker } from '../../presenters/workers.ts';

const DAY_MS = 86_400_000;
/** Milliseconds for which a dead worker is shown as lost. */
const LOST_SHOWN_MS = DAY_MS;
const GONE_SHOWN_MS = 7 * DAY_MS;

export const isLive = (status: WorkerStatus): boolean => (LIVE_WORKER_STATUSES as readonly WorkerStatus[]).includes(status);

/** `gone`: includes stopped workers. */
export async function listWorkers(
  database: Database,
  projectId: string,
  { gone, ...page }: PageQuery & { gone: boolean },
): Promise<Page<WorkerBody>> {
  const since = new Date(Date.now() - (gone ? GONE_SHOWN_MS : LOST_SHOWN_MS));
  const { rows, hasMore } = await database.workers.list({ gone, since }, page);
  const data = await presentWorkers(database, projectId, rows);
  return { data, has_more: hasMore, next: hasMore ? (rows.at(-1)?.id ?? null) : null };
}

export async function presentWorkers(database: Database, projectId: string, rows: WorkerRow[]): Promise<WorkerBody[]> {
  const own = await database.workers.ownJobs(
    projectId,
    rows.flatMap(({ running }) => running.map(({ id }) => id)),
  );
  return rows.map((row) => presentWorker(row, own));
}

/** Throws when there is no such row. */
export async function toWorkerBody(database: Database, projectId: string, row: WorkerRow | null, id: string): Promise<WorkerBody> {
  if (row === null) throw notFound('worker', id);
  const [body] = await presentWorkers(database, projectId, [row]);
  return body as WorkerBody;
}
