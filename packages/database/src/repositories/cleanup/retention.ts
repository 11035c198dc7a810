// Data that is older than its retention time.
import { FINISHED_JOB_STATUSES, LIVE_JOB_STATUSES } from '@styleforge/contracts';
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { createExpectedObjects } from './expected-objects.ts';

/** A row to remove. `objects` is a key, or a prefix that ends with a slash. */
export type Expired = {
  id: string;
  objects: string;
  /** Beginning of its retention time. */
  since: Date;
  /** The training job or generation that it belongs to. */
  owner: string;
};
const BATCH = 500;

export function createRetentionRepository(prisma: PrismaClient) {
  return {
    expectedRows: createExpectedObjects(prisma),

    /**
     * Checkpoints of jobs that ended before the time, except the result, the latest one, and those that a generation or an evaluation still
     * needs. `projectId` restricts this and the following to one project.
     */
    async expiredCheckpoints(before: Date, projectId: string | null = null): Promise<Expired[]> {
      return prisma.$queryRaw<Expired[]>`
        select checkpoint.id, checkpoint.object_prefix as objects, job.id as owner, job.finished_at as since
        from checkpoints checkpoint join training_jobs job on job.id = checkpoint.job_id
        where job.status = any(${[...FINISHED_JOB_STATUSES]}) and job.finished_at < ${before} and not checkpoint.starred
          and (${projectId}::text is null or job.project_id = ${projectId})
          and checkpoint.id is distinct from job.result ->> 'checkpoint_id'
          and checkpoint.step < (select max(step) from checkpoints other where other.job_id = job.id)
          and not exists (select 1 from model_versions where checkpoint_id = checkpoint.id)
          and not exists (select 1 from generations where checkpoint_id = checkpoint.id and generations.status in ('queued', 'running'))
          and not exists (select 1 from evaluations where evaluations.status in ('queued', 'running') and ${names("evaluations.config -> 'models'")})
          and not exists (select 1 from training_jobs live where live.status = any(${[...LIVE_JOB_STATUSES]}) and ${names("live.config -> 'evaluation' -> 'comparisons'")})
        order by job.finished_at, checkpoint.id limit ${BATCH}`;
    },

    async deleteCheckpoint(id: string): Promise<void> {
      await prisma.checkpoint.deleteMany({ where: { id } });
    },

    /** Validation images without a star; `id` is that of the row: job, step and index. */
    async expiredValidationImages(before: Date, projectId: string | null = null): Promise<(Expired & { remove(): Promise<unknown> })[]> {
      const where = {
        createdAt: { lt: before },
        starred: false,
        job: { status: { in: [...FINISHED_JOB_STATUSES] }, ...ofProject(projectId) },
      };
      const rows = await prisma.validationImage.findMany({ where, orderBy: { createdAt: 'asc' }, take: BATCH });
      return rows.map(({ jobId, step, index, objectKey, createdAt }) => ({
        ...{ id: `${jobId}/${step}/${index}`, objects: objectKey, since: createdAt, owner: jobId },
        remove: () => prisma.validationImage.deleteMany({ where: { jobId, step, index } }),
      }));
    },

    /** Generated images without a star. */
    async expiredGeneratedImages(before: Date, projectId: string | null = null): Promise<(Expired & { remove(): Promise<unknown> })[]> {
      const where = { createdAt: { lt: before }, starred: false, generation: { finishedAt: { not: null }, ...ofProject(projectId) } };
      const rows = await prisma.generatedImage.findMany({ where, orderBy: { createdAt: 'asc' }, take: BATCH });
      return rows.map(({ id, objectKey, createdAt, generationId }) => ({
        ...{ id, objects: objectKey, since: createdAt, owner: generationId },
        remove: () => prisma.generatedImage.deleteMany({ where: { id } }),
      }));
    },

    /** Exported files that nobody has requested since the time; they can be made again. */
    async expiredExports(before: Date, projectId: string | null = null): Promise<(Expired & { remove(): Promise<unknown> })[]> {
      const where = { status: 'succeeded', objectKey: { not: null }, usedAt: { lt: before }, ...ofProject(projectId) };
      const include = { checkpoint: { select: { jobId: true } } };
      const rows = await prisma.export.findMany({ where, include, orderBy: { usedAt: 'asc' }, take: BATCH });
      return rows.map(({ id, objectKey, usedAt, checkpoint }) => ({
        ...{ id, objects: objectKey ?? '', since: usedAt, owner: checkpoint.jobId },
        remove: () => prisma.export.deleteMany({ where: { id } }),
      }));
    },

    async countExpiredDeliveries(before: Date): Promise<number> {
      return prisma.webhookDelivery.count({ where: expiredDelivery(before) });
    },

    /** Deletes old deliveries, and endpoints of jobs that have no deliveries left. */
    async deleteExpiredDeliveries(before: Date): Promise<number> {
      const { count } = await prisma.webhookDelivery.deleteMany({ where: expiredDelivery(before) });
      await prisma.$executeRaw`
        delete from webhooks where made_by_job and created_at < ${before}
          and not exists (select 1 from webhook_deliveries where webhook_id = webhooks.id)
          and not exists (select 1 from training_jobs where webhook_url = webhooks.url and project_id = webhooks.project_id and finished_at is null)`;
      return count;
    },

    async evaluationIds(projectId: string): Promise<string[]> {
      return (await prisma.evaluation.findMany({ where: { projectId }, select: { id: true } })).map(({ id }) => id);
    },
  };
}

/** Condition: a list of evaluated models contains the checkpoint. */
const names = (models: string) => Prisma.raw(`${models} @> jsonb_build_array(jsonb_build_object('checkpoint_id', checkpoint.id))`);

const ofProject = (projectId: string | null) => (projectId === null ? {} : { projectId });

const expiredDelivery = (before: Date) => ({ createdAt: { lt: before }, status: { not: 'pending' } });
