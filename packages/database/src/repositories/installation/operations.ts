// Queries for operators and monitoring: amount of work, waiting times, and whether the schema is up to date.
import { Prisma } from '../../generated/client.ts';
import { listMigrations } from '../../migrations/migration-files.ts';
import type { PrismaClient } from '../../prisma-types.ts';

export type StatusCount = { kind: 'training_job' | 'generation' | 'evaluation'; status: string; count: number };
export type Backlog = { outbox: { count: number; oldestSeconds: number }; oldestQueued: { queue: string; seconds: number }[] };

export type QueueLength = {
  queue: string;
  waiting: number;
  ownWaiting: number;
  running: number;
  ownRunning: number;
  oldest: Date | null;
};
export type WaitingWork = { queue: string; id: string; priority: number; since: Date };

/**
 * Work that goes through a queue, with the facts that tell whether it waits or is held. The evaluation stage of a job is part of its job.
 */
const queuedWork = Prisma.sql`
  select 'train' as queue, id, project_id, priority, status, updated_at from training_jobs
  where status in ('queued', 'validating', 'running', 'evaluating', 'pausing')
  union all
  select 'generate', id, project_id, 0, status, updated_at from generations where status in ('queued', 'running')
  union all
  select 'evaluate', id, project_id, 0, status, updated_at from evaluations
  where status in ('queued', 'running') and training_job_id is null
  union all
  select 'export', id, project_id, 0, status, updated_at from exports where status in ('queued', 'running')`;
const LISTED_WAITING = 100;

export function createOperationsRepository(prisma: PrismaClient) {
  return {
    async countByStatus(): Promise<StatusCount[]> {
      return prisma.$queryRaw<StatusCount[]>`
        select 'training_job' as kind, status, count(*)::int as count from training_jobs group by status
        union all
        select 'generation' as kind, status, count(*)::int as count from generations group by status
        union all
        select 'evaluation' as kind, status, count(*)::int as count from evaluations group by status`;
    },

    async backlog(): Promise<Backlog> {
      const [[outbox], oldestQueued] = await Promise.all([
        prisma.$queryRaw<Backlog['outbox'][]>`
          select count(*)::int as count, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as "oldestSeconds" from outbox`,
        // A resumed job waits from the moment of the resume.
        prisma.$queryRaw<Backlog['oldestQueued']>`
          select 'train' as queue, coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as seconds from training_jobs where status = 'queued'
          union all
          select 'generate' as queue, coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as seconds from generations where status = 'queued'
          union all
          select 'evaluate' as queue, coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as seconds from evaluations where status = 'queued'`,
      ]);
      return { outbox: outbox ?? { count: 0, oldestSeconds: 0 }, oldestQueued };
    },

    /** Numbers of waiting and running work in each queue, of all projects and of this one. */
    async queueLengths(projectId: string): Promise<QueueLength[]> {
      return prisma.$queryRaw<QueueLength[]>`
        select name as queue,
          count(*) filter (where status = 'queued')::int as waiting,
          count(*) filter (where status = 'queued' and project_id = ${projectId})::int as "ownWaiting",
          count(*) filter (where status <> 'queued')::int as running,
          count(*) filter (where status <> 'queued' and project_id = ${projectId})::int as "ownRunning",
          min(updated_at) filter (where status = 'queued') as oldest
        from unnest(array['train', 'generate', 'evaluate', 'export']) with ordinality names(name, place)
          left join (${queuedWork}) work on work.queue = name
        group by name, place order by place`;
    },

    /** The project's waiting work, oldest first. */
    async waitingWork(projectId: string): Promise<WaitingWork[]> {
      return prisma.$queryRaw<WaitingWork[]>`
        select queue, id, priority::int as priority, updated_at as since from (${queuedWork}) work
        where status = 'queued' and project_id = ${projectId} order by updated_at, id limit ${LISTED_WAITING}`;
    },

    /** Longest time in seconds since the last heartbeat of a running training job; 0 if none runs. */
    async longestSilence(): Promise<number> {
      const [row] = await prisma.$queryRaw<{ seconds: number }[]>`
        select coalesce(max(extract(epoch from now() - coalesce((heartbeat ->> 'at')::timestamptz, updated_at))), 0)::float8 as seconds
        from training_jobs where status in ('validating', 'running', 'evaluating', 'pausing')`;
      return Math.max(0, row?.seconds ?? 0);
    },

    /** Webhook deliveries that were created in the last 24 hours, by status. */
    async recentDeliveries(): Promise<{ status: string; count: number }[]> {
      return prisma.$queryRaw<{ status: string; count: number }[]>`
        select status, count(*)::int as count from webhook_deliveries where created_at > now() - interval '1 day' group by status`;
    },

    /** Names of migrations that this version of the service needs and the database lacks. */
    async missingMigrations(): Promise<string[]> {
      const rows = await prisma.$queryRaw<{ name: string }[]>`
        select migration_name as name from _prisma_migrations where finished_at is not null and rolled_back_at is null`;
      const applied = new Set(rows.map(({ name }) => name));
      return (await listMigrations()).filter((name) => !applied.has(name));
    },
  };
}
