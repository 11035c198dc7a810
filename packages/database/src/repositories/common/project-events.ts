// The events of a project, numbered in the order of their commits. Triggers of the database write them.
// An event of the installation (of its workers) is one row without a project, visible to every project that existed at that time.
import { Prisma } from '../../generated/client.ts';
import type { ProjectEvent } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { toTrainingJobRow } from '../training-jobs/training-job-row.ts';
import type { TrainingJobRow } from '../training-jobs/training-job-row.ts';

/** Channel that Postgres notifies when an event is committed, with the project's id, or with nothing for all projects. */
export const PROJECT_EVENTS_CHANNEL = 'styleforge_project_events';
/** Channel that Postgres notifies with the job's id when a job's progress or log has changed. */
export const JOB_CHANNEL = 'styleforge_job_events';

export type ProjectEventRow = Omit<ProjectEvent, 'id'> & { id: number };
/** Exact types, or all types that begin with a word and a dot. Absent: every type. */
export type EventTypes = readonly string[] | undefined;

export function createProjectEventRepository(prisma: PrismaClient) {
  return {
    /** Events after `after`, oldest first. */
    async list(
      projectId: string,
      { after, limit, types, subjectId }: { after: number; limit: number; types?: EventTypes; subjectId?: string },
    ): Promise<ProjectEventRow[]> {
      const wanted = Prisma.join(
        [
          Prisma.sql`id > ${after}`,
          ...(types === undefined ? [] : [ofTypes(types)]),
          ...(subjectId === undefined ? [] : [Prisma.sql`subject_id = ${subjectId}`]),
        ],
        ' and ',
      );
      // One statement reads one state. Of two statements, the later one could return an event whose predecessor the earlier one missed.
      const rows = await prisma.$queryRaw<ProjectEvent[]>`
        with own as (select * from project_events where project_id = ${projectId} and ${wanted} order by id limit ${limit}),
          shared as (select * from project_events where ${isShared(projectId)} and ${wanted} order by id limit ${limit})
        select id, project_id as "projectId", type, subject_id as "subjectId", data, created_at as "createdAt"
        from (select * from own union all select * from shared) as found order by id limit ${limit}`;
      return rows.map((row) => ({ ...row, id: Number(row.id) }));
    },

    /** The number of the newest event; 0 if there is none. */
    async last(projectId: string): Promise<number> {
      const [row] = await prisma.$queryRaw<{ last: bigint | null }[]>`
        select greatest(
          (select max(id) from project_events where project_id = ${projectId}),
          (select max(id) from project_events where ${isShared(projectId)})
        ) as last`;
      return Number(row?.last ?? 0);
    },

    /** Selects the given jobs that belong to one of the projects. */
    async jobsOf(ids: readonly string[], projectIds: readonly string[]): Promise<TrainingJobRow[]> {
      const rows = await prisma.trainingJob.findMany({ where: { id: { in: [...ids] }, projectId: { in: [...projectIds] } } });
      return rows.map(toTrainingJobRow);
    },

    async deleteBefore(before: Date): Promise<number> {
      return (await prisma.projectEvent.deleteMany({ where: { createdAt: { lt: before } } })).count;
    },
  };
}

const isShared = (projectId: string): Prisma.Sql =>
  Prisma.sql`project_id is null and created_at >= (select created_at from projects where id = ${projectId})`;

function ofTypes(types: readonly string[]): Prisma.Sql {
  const [families, exact] = [types.filter((type) => type.endsWith('.*')), types.filter((type) => !type.endsWith('.*'))];
  const starts = families.map((type) => type.slice(0, -1));
  return Prisma.sql`(type = any(${exact}::text[]) or exists (select from unnest(${starts}::text[]) as start where starts_with(type, start)))`;
}
