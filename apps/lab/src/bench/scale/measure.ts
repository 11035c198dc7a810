// What the experiment reads from the database when it is over, and while it runs.
import type { Database } from '@styleforge/database';

export interface ProjectWaits {
  project: string;
  jobs: number;
  median: number;
  p95: number;
  longest: number;
}

/** Seconds from a job's creation until a worker took it. */
export async function waitsByProject({ prisma }: Database): Promise<ProjectWaits[]> {
  return prisma.$queryRaw<ProjectWaits[]>`
    select project.name as project, count(*)::int as jobs,
      round(percentile_cont(0.5) within group (order by wait)::numeric, 1)::float8 as median,
      round(percentile_cont(0.95) within group (order by wait)::numeric, 1)::float8 as p95,
      round(max(wait)::numeric, 1)::float8 as longest
    from (select project_id, extract(epoch from started_at - created_at) as wait from training_jobs where started_at is not null) job
    join projects project on project.id = job.project_id
    group by project.id, project.name order by jobs desc`;
}

export async function databaseMegabytes({ prisma }: Database): Promise<{ total: number; tables: { name: string; megabytes: number }[] }> {
  const [size] = await prisma.$queryRaw<
    { total: number }[]
  >`select round(pg_database_size(current_database()) / 1048576.0, 1)::float8 as total`;
  const tables = await prisma.$queryRaw<{ name: string; megabytes: number }[]>`
    select relname as name, round(pg_total_relation_size(relid) / 1048576.0, 1)::float8 as megabytes
    from pg_stat_user_tables order by pg_total_relation_size(relid) desc limit 6`;
  return { total: size?.total ?? 0, tables };
}

export async function countJobs({ prisma }: Database): Promise<Record<string, number>> {
  const rows = await prisma.trainingJob.groupBy({ by: ['status'], _count: true });
  return Object.fromEntries(rows.map(({ status, _count }) => [status, _count]));
}
