// What operators and their instruments ask of the database: how much there is, how long it waits, whether the schema is right.
import { listMigrations } from '../migrations/migration-files.ts';
import type { PrismaClient } from '../prisma-types.ts';

export type StatusCount = { kind: 'training_job' | 'generation' | 'evaluation'; status: string; count: number };
export type Backlog = { outbox: { count: number; oldestSeconds: number }; oldestQueued: { queue: string; seconds: number }[] };

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
        // A job that is resumed waits from then on.
        prisma.$queryRaw<Backlog['oldestQueued']>`
          select 'train' as queue, coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as seconds from training_jobs where status = 'queued'
          union all
          select 'generate' as queue, coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as seconds from generations where status = 'queued'
          union all
          select 'evaluate' as queue, coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as seconds from evaluations where status = 'queued'`,
      ]);
      return { outbox: outbox ?? { count: 0, oldestSeconds: 0 }, oldestQueued };
    },

    /** Longest time in seconds since the last heartbeat of a running training job; 0 when none runs. */
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
