// Studies: created with all their jobs, and read with the results of the jobs.
import type { JobPriority, JobStatus, JobWebhookEvent, TrainingConfig } from '@styleforge/contracts';
import type { Study } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';
import { cancelWithin } from './training-job-cancel.ts';
import { addTrainingJob } from './training-job-creation.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';

export type StudyRecord = Study;
export type NewStudy = {
  id?: string | undefined;
  projectId: string;
  name: string;
  variations: {
    name: string;
    changes: Record<string, unknown>;
    /** Name of the variation's job. Null: the name of the variation. */
    jobName?: string | null | undefined;
    notes?: string | undefined;
    config: TrainingConfig;
    metadata: Record<string, string>;
    priority?: JobPriority;
    webhookUrl?: string | null | undefined;
    webhookEvents?: JobWebhookEvent[] | undefined;
  }[];
  maxQueuedJobs?: number | undefined;
};
/** State of a study's jobs. `finishedAt`: the end of the last one. */
export type StudyProgress = { jobs: Partial<Record<JobStatus, number>>; finishedAt: Date | null };
/** Means over the last tenth of a job's steps. */
export type FinalLosses = { style_ref_loss: number; aux_loss: number | null };
export type ScoredValidation = { step: number; scores: Record<string, number> };

/** Last part of every loss curve, over which a comparison averages. */
const LAST_PART = 0.1;

export function createStudyRepository(prisma: PrismaClient) {
  return {
    /** Creates all jobs or none; null if a dataset has been deleted meanwhile. */
    async create({ id = newId('study'), projectId, name, variations, maxQueuedJobs }: NewStudy): Promise<Study | null> {
      try {
        return await prisma.$transaction(
          async (transaction) => {
            const existing = await transaction.study.findUnique({ where: { id, projectId } });
            if (existing !== null) return existing;
            const study = await transaction.study.create({ data: { id, projectId, name } });
            for (const [index, { name: variation, changes, jobName, ...job }] of variations.entries()) {
              const row = await addTrainingJob(transaction, {
                ...job,
                name: jobName,
                projectId,
                maxQueuedJobs,
                study: { id, index, name: variation, changes },
              });
              if (row === null) throw new DatasetGoneError();
            }
            return study;
          },
          { timeout: 30_000 },
        );
      } catch (error) {
        if (error instanceof DatasetGoneError) return null;
        throw error;
      }
    },

    find: (projectId: string, id: string): Promise<Study | null> => prisma.study.findUnique({ where: { id, projectId } }),

    /** Studies, newest first. */
    async list(projectId: string, page: PageRequest): Promise<RowPage<Study>> {
      const { where, ...rest } = pageArguments(page);
      return toPage(await prisma.study.findMany({ ...rest, where: { ...where, projectId } }), page.limit);
    },

    async progress(studyIds: readonly string[]): Promise<Map<string, StudyProgress>> {
      const counted = await prisma.trainingJob.groupBy({
        by: ['studyId', 'status'],
        where: { studyId: { in: [...studyIds] } },
        _count: true,
        _max: { finishedAt: true },
      });
      const progress = new Map<string, StudyProgress>(studyIds.map((id) => [id, { jobs: {}, finishedAt: null }]));
      for (const { studyId, status, _count, _max } of counted) {
        const entry = progress.get(studyId ?? '');
        if (entry === undefined) continue;
        entry.jobs[status as JobStatus] = _count;
        if (_max.finishedAt !== null && (entry.finishedAt === null || _max.finishedAt > entry.finishedAt))
          entry.finishedAt = _max.finishedAt;
      }
      return progress;
    },

    /** Cancels every unfinished job, in one transaction, so that no reader sees a study half cancelled. Null if there is no such study. */
    async cancel(projectId: string, id: string): Promise<Study | null> {
      return prisma.$transaction(
        async (transaction) => {
          const row = await transaction.study.findUnique({ where: { id, projectId } });
          if (row === null) return null;
          const jobs = await transaction.trainingJob.findMany({ where: { studyId: id }, select: { id: true }, orderBy: { id: 'asc' } });
          for (const job of jobs) await cancelWithin(transaction, projectId, job.id);
          return row;
        },
        { timeout: 30_000 },
      );
    },

    /** The study's jobs in the order of the variations. */
    async jobs(studyId: string): Promise<TrainingJobRow[]> {
      const rows = (await prisma.trainingJob.findMany({ where: { studyId } })).map(toTrainingJobRow);
      return rows.sort((a, b) => (a.variation?.index ?? 0) - (b.variation?.index ?? 0));
    },

    async finalLosses(jobId: string): Promise<FinalLosses | null> {
      const rows = await prisma.$queryRaw<{ style_ref_loss: number | null; aux_loss: number | null }[]>`
        with last as (select max(step) as step from job_metrics where job_id = ${jobId})
        select avg(style_ref_loss) as style_ref_loss, avg(aux_loss) as aux_loss
        from job_metrics, last
        where job_id = ${jobId} and job_metrics.step > last.step * (1 - ${LAST_PART}::float8)`;
      const [row] = rows;
      return row === undefined || row.style_ref_loss === null ? null : { style_ref_loss: row.style_ref_loss, aux_loss: row.aux_loss };
    },

    /** Scored validations, one for each step: the last if a resumed job repeated the step. */
    async scoredValidations(jobId: string): Promise<ScoredValidation[]> {
      const events = await prisma.jobEvent.findMany({ where: { jobId, type: 'validation.done' }, orderBy: { sequence: 'asc' } });
      const scored = events.map(({ data }) => data as unknown as ScoredValidation).filter(({ scores }) => Object.keys(scores).length > 0);
      return [...new Map(scored.map(({ step, scores }) => [step, { step, scores }])).values()].sort((a, b) => a.step - b.step);
    },
  };
}

class DatasetGoneError extends Error {
  override name = 'DatasetGoneError';
}
