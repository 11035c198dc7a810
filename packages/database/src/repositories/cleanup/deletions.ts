// Deletes objects unless unfinished work still needs them. The caller removes their files from the store afterwards.
import { isFinishedJob } from '@styleforge/contracts';
import type { JobStatus } from '@styleforge/contracts';
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import { checkpointUsers, modelsOf, UNFINISHED } from '../models/checkpoint-users.ts';
import { liveEvaluations, liveJobs } from '../datasets/datasets.ts';

/**
 * Result of a deletion. `users`: the jobs, generations and evaluations that still need the object. `unfinished`: the object itself is
 * unfinished work.
 */
export type Deletion =
  | { kind: 'deleted' }
  | { kind: 'not_found' }
  | { kind: 'in_use'; users: string[] }
  | { kind: 'unfinished'; status: string };
/** Result of deleting a job. `evaluations`: the evaluations that were deleted with it. */
export type JobDeletion =
  | { kind: 'not_found' }
  | { kind: 'deleted'; evaluations: string[] }
  | { kind: 'in_use'; users: string[] }
  | { kind: 'unfinished'; status: string };

export function createDeletionRepository(prisma: PrismaClient) {
  return {
    /** Deletes the job with its events, curves, images, checkpoints and evaluation stage. */
    trainingJob: (projectId: string, id: string): Promise<JobDeletion> =>
      prisma.$transaction(async (transaction): Promise<JobDeletion> => {
        const status = await lock(transaction, 'training_jobs', projectId, id);
        if (status === null) return { kind: 'not_found' };
        if (!isFinishedJob(status as JobStatus)) return { kind: 'unfinished', status };
        const checkpoints = await transaction.checkpoint.findMany({ where: { jobId: id }, select: { id: true } });
        const ids = checkpoints.map((row) => row.id);
        const users = [...(await checkpointUsers(transaction, projectId, ids)), ...(await modelsOf(transaction, ids))];
        if (users.length > 0) return { kind: 'in_use', users };
        const evaluations = await transaction.evaluation.findMany({ where: { trainingJobId: id }, select: { id: true } });
        await transaction.trainingJob.delete({ where: { id } });
        return { kind: 'deleted', evaluations: evaluations.map((row) => row.id) };
      }),

    checkpoint: (projectId: string, id: string): Promise<Deletion> =>
      prisma.$transaction(async (transaction): Promise<Deletion> => {
        const row = await transaction.checkpoint.findUnique({ where: { id, projectId }, include: { job: { select: { id: true } } } });
        if (row === null) return { kind: 'not_found' };
        const status = await lock(transaction, 'training_jobs', projectId, row.job.id);
        // A live job may be resumed from this one.
        if (status !== null && !isFinishedJob(status as JobStatus)) return { kind: 'in_use', users: [row.job.id] };
        const users = [...(await checkpointUsers(transaction, projectId, [id])), ...(await modelsOf(transaction, [id]))];
        if (users.length > 0) return { kind: 'in_use', users };
        await transaction.checkpoint.delete({ where: { id } });
        return { kind: 'deleted' };
      }),

    generation: (projectId: string, id: string): Promise<Deletion> => deleteFinished(prisma, 'generations', projectId, id),

    evaluation: (projectId: string, id: string): Promise<Deletion> => deleteFinished(prisma, 'evaluations', projectId, id),

    /** Deletes the study; its jobs stay. */
    async study(projectId: string, id: string): Promise<Deletion> {
      return { kind: (await prisma.study.deleteMany({ where: { id, projectId } })).count > 0 ? 'deleted' : 'not_found' };
    },

    /** Deletes the prompt set; evaluations have copies of its prompts. */
    async promptSet(projectId: string, id: string): Promise<Deletion> {
      return { kind: (await prisma.promptSet.deleteMany({ where: { id, projectId } })).count > 0 ? 'deleted' : 'not_found' };
    },

    /** Deletes an uploaded image, unless unfinished work uses its dataset. */
    uploadedImage: (projectId: string, id: string): Promise<Deletion> =>
      prisma.$transaction(async (transaction): Promise<Deletion> => {
        const row = await transaction.image.findUnique({ where: { id, projectId }, select: { datasetId: true } });
        if (row === null) return { kind: 'not_found' };
        await transaction.$queryRaw`select id from datasets where id = ${row.datasetId} for update`;
        const users = [...(await liveJobs(transaction, row.datasetId)), ...(await liveEvaluations(transaction, projectId, row.datasetId))];
        if (users.length > 0) return { kind: 'in_use', users };
        await transaction.image.delete({ where: { id } });
        return { kind: 'deleted' };
      }),

    generatedImage: (projectId: string, id: string): Promise<Deletion> =>
      prisma.$transaction(async (transaction): Promise<Deletion> => {
        const row = await transaction.generatedImage.findUnique({ where: { id, projectId }, select: { generationId: true } });
        if (row === null) return { kind: 'not_found' };
        const status = await lock(transaction, 'generations', projectId, row.generationId);
        if (status !== null && UNFINISHED.includes(status)) return { kind: 'in_use', users: [row.generationId] };
        await transaction.generatedImage.delete({ where: { id } });
        return { kind: 'deleted' };
      }),
  };
}

type Statused = 'training_jobs' | 'generations' | 'evaluations';

/** Locks the row until the end of the transaction and returns its status; null if there is none. */
async function lock(transaction: Transaction, table: Statused, projectId: string, id: string): Promise<string | null> {
  const rows = await transaction.$queryRaw<{ status: string }[]>`
    select status from ${Prisma.raw(table)} where id = ${id} and project_id = ${projectId} for update`;
  return rows[0]?.status ?? null;
}

function deleteFinished(prisma: PrismaClient, table: 'generations' | 'evaluations', projectId: string, id: string): Promise<Deletion> {
  return prisma.$transaction(async (transaction): Promise<Deletion> => {
    const status = await lock(transaction, table, projectId, id);
    if (status === null) return { kind: 'not_found' };
    if (UNFINISHED.includes(status)) return { kind: 'unfinished', status };
    await transaction.$executeRaw`delete from ${Prisma.raw(table)} where id = ${id}`;
    return { kind: 'deleted' };
  });
}
