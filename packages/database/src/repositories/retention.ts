// What has been kept long enough, and what the rows of one project say of the object store.
import { FINISHED_JOB_STATUSES, LIVE_JOB_STATUSES } from '@styleforge/contracts';
import { Prisma } from '../generated/client.ts';
import type { PrismaClient } from '../prisma-types.ts';

/** `objects` is a key, or a prefix that ends with a slash. */
export type Expired = { id: string; objects: string };
/** An object that a row stands for, and how to remove the row when the object is gone. */
export type ExpectedObject = { key: string; createdAt: Date; remove: (() => Promise<unknown>) | null } & (
  | { kind: 'dataset image'; datasetId: string; imageId: string }
  | { kind: 'checkpoint'; objectPrefix: string }
  | { kind: 'validation image' | 'generated image' | 'evaluation image' }
);

const BATCH = 500;

export function createRetentionRepository(prisma: PrismaClient) {
  return {
    /** Of jobs that ended before then, all but the result and the furthest, and but those that a generation or an evaluation still needs. */
    async expiredCheckpoints(before: Date): Promise<Expired[]> {
      return prisma.$queryRaw<Expired[]>`
        select checkpoint.id, checkpoint.object_prefix as objects
        from checkpoints checkpoint join training_jobs job on job.id = checkpoint.job_id
        where job.status = any(${[...FINISHED_JOB_STATUSES]}) and job.finished_at < ${before}
          and checkpoint.id is distinct from job.result ->> 'checkpoint_id'
          and checkpoint.step < (select max(step) from checkpoints other where other.job_id = job.id)
          and not exists (select 1 from generations where checkpoint_id = checkpoint.id and generations.status in ('queued', 'running'))
          and not exists (select 1 from evaluations where evaluations.status in ('queued', 'running') and ${names("evaluations.config -> 'models'")})
          and not exists (select 1 from training_jobs live where live.status = any(${[...LIVE_JOB_STATUSES]}) and ${names("live.config -> 'evaluation' -> 'comparisons'")})
        order by checkpoint.id limit ${BATCH}`;
    },

    async deleteCheckpoint(id: string): Promise<void> {
      await prisma.checkpoint.deleteMany({ where: { id } });
    },

    /** The id is that of the row: job, step and index. */
    async expiredValidationImages(before: Date): Promise<(Expired & { remove(): Promise<unknown> })[]> {
      const where = { createdAt: { lt: before }, job: { status: { in: [...FINISHED_JOB_STATUSES] } } };
      const rows = await prisma.validationImage.findMany({ where, orderBy: { createdAt: 'asc' }, take: BATCH });
      return rows.map(({ jobId, step, index, objectKey }) => ({
        id: `${jobId}/${step}/${index}`,
        objects: objectKey,
        remove: () => prisma.validationImage.deleteMany({ where: { jobId, step, index } }),
      }));
    },

    async expiredGeneratedImages(before: Date): Promise<(Expired & { remove(): Promise<unknown> })[]> {
      const where = { createdAt: { lt: before }, generation: { finishedAt: { not: null } } };
      const rows = await prisma.generatedImage.findMany({ where, orderBy: { createdAt: 'asc' }, take: BATCH });
      return rows.map(({ id, objectKey }) => ({
        id,
        objects: objectKey,
        remove: () => prisma.generatedImage.deleteMany({ where: { id } }),
      }));
    },

    async countExpiredDeliveries(before: Date): Promise<number> {
      return prisma.webhookDelivery.count({ where: expiredDelivery(before) });
    },

    /** With the endpoints that jobs have made, when nothing is left of them. */
    async deleteExpiredDeliveries(before: Date): Promise<number> {
      const { count } = await prisma.webhookDelivery.deleteMany({ where: expiredDelivery(before) });
      await prisma.$executeRaw`
        delete from webhooks where made_by_job and created_at < ${before}
          and not exists (select 1 from webhook_deliveries where webhook_id = webhooks.id)
          and not exists (select 1 from training_jobs where webhook_url = webhooks.url and project_id = webhooks.project_id and finished_at is null)`;
      return count;
    },

    /** Every object that the project's rows stand for; of a checkpoint each of its files. */
    async expectedObjects(projectId: string): Promise<ExpectedObject[]> {
      const [images, generated, validations, checkpoints, evaluated] = await Promise.all([
        prisma.image.findMany({ where: { projectId } }),
        prisma.generatedImage.findMany({ where: { projectId } }),
        prisma.validationImage.findMany({ where: { job: { projectId } } }),
        prisma.checkpoint.findMany({ where: { projectId } }),
        prisma.evaluationImage.findMany({ where: { evaluation: { projectId } } }),
      ]);
      return [
        // What a caller has uploaded is not made again: its row stays, for people to see.
        ...images.map(({ id: imageId, datasetId, objectKey: key, createdAt }) => ({
          key,
          createdAt,
          kind: 'dataset image' as const,
          datasetId,
          imageId,
          remove: null,
        })),
        ...generated.map(({ id, objectKey: key, createdAt }) => ({
          key,
          createdAt,
          kind: 'generated image' as const,
          remove: () => prisma.generatedImage.deleteMany({ where: { id } }),
        })),
        ...validations.map(({ jobId, step, index, objectKey: key, createdAt }) => ({
          key,
          createdAt,
          kind: 'validation image' as const,
          remove: () => prisma.validationImage.deleteMany({ where: { jobId, step, index } }),
        })),
        ...checkpoints.flatMap(({ id, objectPrefix, files, createdAt }) =>
          (files as { path: string }[]).map(({ path }) => ({
            key: objectPrefix + path,
            createdAt,
            kind: 'checkpoint' as const,
            objectPrefix,
            remove: () => prisma.checkpoint.deleteMany({ where: { id } }),
          })),
        ),
        ...evaluated.map(({ evaluationId, model, index, objectKey: key, createdAt }) => ({
          key,
          createdAt,
          kind: 'evaluation image' as const,
          remove: () => prisma.evaluationImage.deleteMany({ where: { evaluationId, model, index } }),
        })),
      ];
    },

    async evaluationIds(projectId: string): Promise<string[]> {
      return (await prisma.evaluation.findMany({ where: { projectId }, select: { id: true } })).map(({ id }) => id);
    },
  };
}

/** That a list of evaluated models has the checkpoint in it. */
const names = (models: string) => Prisma.raw(`${models} @> jsonb_build_array(jsonb_build_object('checkpoint_id', checkpoint.id))`);

const expiredDelivery = (before: Date) => ({ createdAt: { lt: before }, status: { not: 'pending' } });
