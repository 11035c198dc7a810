// Lists what the sweep removes next from a project.
import type { FlowConfig } from '@styleforge/config';
import type { ExpirationBody, ExpiringKind, SweepReportBody } from '@styleforge/contracts';
import type { Database, Expired } from '@styleforge/database';

type Retention = Database['retention'];
type Days = 'checkpointDays' | 'validationImageDays' | 'generatedImageDays' | 'exportDays';

const DAY_MS = 86_400_000;
const LISTED = 200;

interface Kind {
  days: Days;
  find(retention: Retention, before: Date, projectId: string): Promise<Expired[]>;
  /** Whether an owner (a job or a generation) has many, which are shown as one entry. */
  isGrouped: boolean;
  ofJob: boolean;
}

const KINDS: Record<ExpiringKind, Kind> = {
  checkpoint: { days: 'checkpointDays', find: (rows, before, id) => rows.expiredCheckpoints(before, id), isGrouped: false, ofJob: true },
  validation_images: {
    ...{ days: 'validationImageDays', isGrouped: true, ofJob: true },
    find: (rows, before, id) => rows.expiredValidationImages(before, id),
  },
  generated_images: {
    ...{ days: 'generatedImageDays', isGrouped: true, ofJob: false },
    find: (rows, before, id) => rows.expiredGeneratedImages(before, id),
  },
  export: { days: 'exportDays', find: (rows, before, id) => rows.expiredExports(before, id), isGrouped: false, ofJob: true },
};

/** `ahead`: days to look ahead. */
export async function readSweep(
  { retention }: Pick<Database, 'retention'>,
  sweep: FlowConfig['sweep'],
  { projectId, ahead }: { projectId: string; ahead: number },
): Promise<SweepReportBody> {
  const kinds = Object.entries(KINDS) as [ExpiringKind, Kind][];
  const found = kinds.map(async ([kind, { days, find, isGrouped, ofJob }]) => {
    if (sweep[days] === 0) return [];
    const rows = await find(retention, new Date(Date.now() + (ahead - sweep[days]) * DAY_MS), projectId);
    const entries = rows.map(({ id, owner, since }) => ({
      ...{ kind, id: isGrouped ? owner : id, training_job_id: ofJob ? owner : null, count: 1 },
      due_at: new Date(since.getTime() + sweep[days] * DAY_MS).toISOString(),
    }));
    return isGrouped ? together(entries) : entries;
  });
  const next = (await Promise.all(found)).flat().toSorted((a, b) => a.due_at.localeCompare(b.due_at));
  return {
    dry_run: sweep.dryRun,
    every_minutes: sweep.everyMinutes,
    kept_days: Object.fromEntries(kinds.map(([kind, { days }]) => [kind, sweep[days]])) as Record<ExpiringKind, number>,
    trash_days: sweep.trashDays,
    next: next.slice(0, LISTED),
  };
}

/** Combines rows to one entry for each owner, with the earliest time; rows are sorted by time. */
function together(rows: ExpirationBody[]): ExpirationBody[] {
  const groups = new Map<string, ExpirationBody>();
  for (const row of rows) {
    const group = groups.get(row.id);
    groups.set(row.id, group ? { ...group, count: group.count + 1 } : row);
  }
  return [...groups.values()];
}
