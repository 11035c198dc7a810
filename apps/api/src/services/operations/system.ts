// State of the installation and the lengths of its queues.
import { priorityOf, VERSION, workerStatusOf } from '@styleforge/contracts';
import type { QueueReportBody, SystemReportBody } from '@styleforge/contracts';
import type { WorkerRow } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { isLive } from './workers.ts';

const DAY_MS = 86_400_000;
const startedAt = new Date();

const heardToday = ({ database }: ApiDependencies): Promise<WorkerRow[]> => database.workers.heardSince(new Date(Date.now() - DAY_MS));

/** Live workers that are not draining. */
const takesJobs = (row: WorkerRow): boolean => ['idle', 'working'].includes(workerStatusOf(row));

export async function readQueues(dependencies: ApiDependencies, projectId: string): Promise<QueueReportBody> {
  const { database } = dependencies;
  const [lengths, waiting, rows] = await Promise.all([
    database.operations.queueLengths(projectId),
    database.operations.waitingWork(projectId),
    heardToday(dependencies),
  ]);
  const positions = await database.trainingJobs.queuePositions(waiting.filter(({ queue }) => queue === 'train').map(({ id }) => id));
  const takers = rows.filter(takesJobs);
  return {
    queues: lengths.map(({ queue, waiting: all, ownWaiting, running, ownRunning, oldest }) => {
      const serving = takers.flatMap(({ queues }) => queues[queue] ?? []);
      return {
        queue,
        waiting: all,
        own_waiting: ownWaiting,
        running,
        own_running: ownRunning,
        oldest_waiting_since: oldest?.toISOString() ?? null,
        workers: serving.length,
        slots: serving.reduce((sum, slots) => sum + slots, 0),
      };
    }),
    next: waiting.map(({ queue, id, priority, since }) => ({
      queue,
      id,
      position: positions.get(id) ?? null,
      priority: priorityOf(priority),
      since: since.toISOString(),
    })),
  };
}

export async function readSystem(dependencies: ApiDependencies): Promise<SystemReportBody> {
  const [readiness, rows, models] = await Promise.all([dependencies.readiness(), heardToday(dependencies), dependencies.baseModels.list()]);
  const statuses = rows.map((row) => workerStatusOf(row));
  const live = rows.filter((row) => isLive(workerStatusOf(row)));
  const count = (...wanted: string[]) => statuses.filter((status) => wanted.includes(status)).length;
  return {
    version: VERSION,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    started_at: startedAt.toISOString(),
    ...readiness,
    base_models: models.map(({ body }) => body.name),
    workers: { live: live.length, working: count('working'), draining: count('draining', 'drained', 'stopping'), lost: count('lost') },
    devices: tally(live.map(({ device }) => device)),
    versions: tally(live.map(({ version }) => version)),
  };
}

export function tally(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
