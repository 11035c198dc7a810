// What has happened in a project, numbered in the order in which it was committed. Triggers of the database write it.
import type { ProjectEvent, Prisma } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { toTrainingJobRow } from '../training-jobs/training-job-row.ts';
import type { TrainingJobRow } from '../training-jobs/training-job-row.ts';

/** Postgres notifies this channel, with the project's id, when an event is committed. */
export const PROJECT_EVENTS_CHANNEL = 'styleforge_project_events';
/** And this one, with the job's id, when a job's progress or log has changed. */
export const JOB_CHANNEL = 'styleforge_job_events';

export type ProjectEventRow = Omit<ProjectEvent, 'id'> & { id: number };
/** Exact types, or all that begin with a word and a dot; every type when absent. */
export type EventTypes = readonly string[] | undefined;

export function createProjectEventRepository(prisma: PrismaClient) {
  return {
    /** Events after `after`, oldest first. */
    async list(
      projectId: string,
      { after, limit, types, subjectId }: { after: number; limit: number; types?: EventTypes; subjectId?: string },
    ): Promise<ProjectEventRow[]> {
      const where = { projectId, id: { gt: after }, ...ofTypes(types), ...(subjectId !== undefined && { subjectId }) };
      const rows = await prisma.projectEvent.findMany({ where, orderBy: { id: 'asc' }, take: limit });
      return rows.map((row) => ({ ...row, id: Number(row.id) }));
    },

    /** The number of the newest event; 0 before the first. */
    async last(projectId: string): Promise<number> {
      const row = await prisma.projectEvent.findFirst({ where: { projectId }, orderBy: { id: 'desc' }, select: { id: true } });
      return Number(row?.id ?? 0);
    },

    /** The given jobs that belong to one of the projects, for their progress. */
    async jobsOf(ids: readonly string[], projectIds: readonly string[]): Promise<TrainingJobRow[]> {
      const rows = await prisma.trainingJob.findMany({ where: { id: { in: [...ids] }, projectId: { in: [...projectIds] } } });
      return rows.map(toTrainingJobRow);
    },

    async deleteBefore(before: Date): Promise<number> {
      return (await prisma.projectEvent.deleteMany({ where: { createdAt: { lt: before } } })).count;
    },
  };
}

function ofTypes(types: EventTypes): Prisma.ProjectEventWhereInput {
  if (types === undefined) return {};
  return {
    OR: types.map((type) => ({ type: type.endsWith('.*') ? { startsWith: type.slice(0, -1) } : type })),
  };
}
