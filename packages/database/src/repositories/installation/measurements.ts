// Queries for benchmarks and drills: amount of work, waiting times, and use of the server.
import type { PrismaClient } from '../../prisma-types.ts';

export type ProjectWaits = { project: string; jobs: number; median: number; p95: number; longest: number };
export type DatabaseSize = { total: number; tables: { name: string; megabytes: number }[] };
export type WorkTotals = {
  trainingJobs: number;
  generations: number;
  /** Jobs that have neither succeeded nor failed and are not cancelled. */
  unfinishedJobs: number;
  unfinishedGenerations: number;
  checkpoints: number;
  generatedImages: number;
  undeliveredWebhooks: number;
};

const UNFINISHED = { status: { notIn: ['succeeded', 'failed', 'cancelled'] } };

export function createMeasurementRepository(prisma: PrismaClient) {
  return {
    /** Work of all projects, and its saved results. */
    async totals(): Promise<WorkTotals> {
      const [trainingJobs, generations, unfinishedJobs, unfinishedGenerations] = await Promise.all([
        prisma.trainingJob.count(),
        prisma.generation.count(),
        prisma.trainingJob.count({ where: UNFINISHED }),
        prisma.generation.count({ where: UNFINISHED }),
      ]);
      const [checkpoints, generatedImages, undeliveredWebhooks] = await Promise.all([
        prisma.checkpoint.count(),
        prisma.generatedImage.count(),
        prisma.webhookDelivery.count({ where: { status: { not: 'delivered' } } }),
      ]);
      return { trainingJobs, generations, unfinishedJobs, unfinishedGenerations, checkpoints, generatedImages, undeliveredWebhooks };
    },

    /** Seconds from the creation of a job until a worker took it. */
    async waitsByProject(): Promise<ProjectWaits[]> {
      return prisma.$queryRaw<ProjectWaits[]>`
        select project.name as project, count(*)::int as jobs,
          round(percentile_cont(0.5) within group (order by wait)::numeric, 1)::float8 as median,
          round(percentile_cont(0.95) within group (order by wait)::numeric, 1)::float8 as p95,
          round(max(wait)::numeric, 1)::float8 as longest
        from (select project_id, extract(epoch from started_at - created_at) as wait from training_jobs where started_at is not null) job
        join projects project on project.id = job.project_id
        group by project.id, project.name order by jobs desc`;
    },

    /** Megabytes of the database and of its largest tables. */
    async size(): Promise<DatabaseSize> {
      const [size] = await prisma.$queryRaw<
        { total: number }[]
      >`select round(pg_database_size(current_database()) / 1048576.0, 1)::float8 as total`;
      const tables = await prisma.$queryRaw<{ name: string; megabytes: number }[]>`
        select relname as name, round(pg_total_relation_size(relid) / 1048576.0, 1)::float8 as megabytes
        from pg_stat_user_tables order by pg_total_relation_size(relid) desc limit 6`;
      return { total: size?.total ?? 0, tables };
    },

    /** Connections that listen: one for each process and purpose, independent of the number of streams. */
    async listeners(): Promise<number> {
      const [row] = await prisma.$queryRaw<{ count: number }[]>`
        select count(*)::int as count from pg_stat_activity where datname = current_database() and query ilike 'listen styleforge_%'`;
      return row?.count ?? 0;
    },

    /** Process id of the server. Needs a database role that may read the server's files. */
    async serverProcess(): Promise<number> {
      const [row] = await prisma.$queryRaw<{ file: string }[]>`select pg_read_file('postmaster.pid') as file`;
      return Number(row?.file.split('\n')[0]);
    },
  };
}
