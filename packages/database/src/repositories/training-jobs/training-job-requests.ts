// Requests to a running job that do not stop it: a checkpoint or sample images, noted in its row until its worker has made them.
import type { JobStatus, SampleRequest } from '@styleforge/contracts';
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { appendJobEvent } from './events.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';

export type JobRequest = { kind: 'checkpoint'; at: Date } | { kind: 'sample'; sample: SampleRequest };

export type JobRequestOutcome =
  | { kind: 'done'; job: TrainingJobRow }
  | { kind: 'not_found' }
  | { kind: 'conflict'; status: JobStatus; cancelRequested: boolean };

/** Columns of a job that does not train, and so has no open requests. */
export const NO_REQUESTS = { checkpointRequestedAt: null, sampleRequest: Prisma.DbNull } as const;

const TRAINING: readonly JobStatus[] = ['validating', 'running'];

/** Adds a request to a job while a worker trains it. The same request has no effect while one is pending. */
export function requestOfJob(prisma: PrismaClient, projectId: string, id: string, request: JobRequest): Promise<JobRequestOutcome> {
  return prisma.$transaction(async (transaction) => {
    await transaction.$queryRaw`select id from training_jobs where id = ${id} and project_id = ${projectId} for update`;
    const found = await transaction.trainingJob.findUnique({ where: { id, projectId } });
    if (found === null) return { kind: 'not_found' };
    const job = toTrainingJobRow(found);
    if (!TRAINING.includes(job.status) || job.cancelRequestedAt !== null)
      return { kind: 'conflict', status: job.status, cancelRequested: job.cancelRequestedAt !== null };
    const isPending = request.kind === 'checkpoint' ? job.checkpointRequestedAt !== null : job.sampleRequest !== null;
    if (isPending) return { kind: 'done', job };
    const data = request.kind === 'checkpoint' ? { checkpointRequestedAt: request.at } : { sampleRequest: request.sample };
    const changed = await transaction.trainingJob.update({ where: { id }, data });
    await appendJobEvent(transaction, id, `job.${request.kind}_requested`);
    return { kind: 'done', job: toTrainingJobRow(changed) };
  });
}

/** Clears the request after it was fulfilled; a newer one stays. */
export async function meetRequest(prisma: PrismaClient, id: string, request: JobRequest): Promise<void> {
  if (request.kind === 'checkpoint')
    await prisma.trainingJob.updateMany({ where: { id, checkpointRequestedAt: request.at }, data: { checkpointRequestedAt: null } });
  else
    await prisma.trainingJob.updateMany({
      where: { id, sampleRequest: { path: ['at'], equals: request.sample.at } },
      data: { sampleRequest: Prisma.DbNull },
    });
}
