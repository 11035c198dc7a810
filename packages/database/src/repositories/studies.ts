// Studies: created with all their jobs, read with what the jobs have come to.
import type { TrainingConfig } from '@styleforge/contracts';
import type { Study } from '../generated/client.ts';
import { newId } from '../new-id.ts';
import type { PrismaClient } from '../prisma-types.ts';
import { addTrainingJob } from './training-job-creation.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';

export type StudyRecord = Study;
export type NewStudy = {
  id?: string | undefined;
  projectId: string;
  name: string;
  variations: { name: string; changes: Record<string, unknown>; config: TrainingConfig; metadata: Record<string, string> }[];
};
/** Means over the last tenth of a job's steps. */
export type FinalLosses = { style_ref_loss: number; aux_loss: number | null };
export type ScoredValidation = { step: number; scores: Record<string, number> };

/** Part of every loss curve that a comparison looks at. */
const LAST_PART = 0.1;

export type StudyRepository = ReturnType<typeof createStudyRepository>;

export function createStudyRepository(prisma: PrismaClient) {
  return {
    /** All jobs or none; null when a dataset has been deleted meanwhile. */
    async create({ id = newId('study'), projectId, name, variations }: NewStudy): Promise<Study | null> {
      try {
        return await prisma.$transaction(async (transaction) => {
          const existing = await transaction.study.findUnique({ where: { id, projectId } });
          if (existing !== null) return existing;
          const study = await transaction.study.create({ data: { id, projectId, name } });
          for (const [index, { name: variation, changes, config, metadata }] of variations.entries()) {
            const job = await addTrainingJob(transaction, { projectId, config, metadata, study: { id, index, name: variation, changes } });
            if (job === null) throw new DatasetGoneError();
          }
          return study;
        }, { timeout: 30_000 });
      } catch (error) {
        if (error instanceof DatasetGoneError) return null;
        throw error;
      }
    },

    find: (projectId: string, id: string): Promise<Study | null> => prisma.study.findUnique({ where: { id, projectId } }),

    /** In the order of the variations. */
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

    /** One of each step, the last where a resumed job has done it again. */
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
