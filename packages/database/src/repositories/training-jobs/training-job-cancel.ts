// Cancelling training jobs: the effect of a request on the state of a job.
import { ACTIVE_JOB_STATUSES, isFinishedJob } from '@styleforge/contracts';
import type { JobResult, JobStatus } from '@styleforge/contracts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import { appendJobEvent } from './events.ts';
import { removeOutboxMessages } from '../work/outbox.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';

/**
 * Cancels a job at once if no worker holds it; otherwise its worker is told to cancel it.
 * Repeating the call, or cancelling a finished job, changes nothing. Null if there is no such job.
 */
export function requestCancel(prisma: PrismaClient, projectId: string, id: string): Promise<TrainingJobRow | null> {
  return prisma.$transaction((transaction) => cancelWithin(transaction, projectId, id));
}

/** Like `requestCancel`, as part of a larger transaction. */
export async function cancelWithin(transaction: Transaction, projectId: string, id: string): Promise<TrainingJobRow | null> {
  await transaction.$queryRaw`select id from training_jobs where id = ${id} and project_id = ${projectId} for update`;
  const row = await transaction.trainingJob.findUnique({ where: { id, projectId } });
  if (row === null) return null;
  const data = cancelChange(toTrainingJobRow(row));
  if (data === null) return toTrainingJobRow(row);
  const result = data.status === 'cancelled' ? await keptResult(transaction, id) : {};
  const changed = await transaction.trainingJob.update({ where: { id }, data: { ...data, ...result } });
  if (data.status === 'cancelled') await removeOutboxMessages(transaction, 'train', id);
  await appendJobEvent(transaction, id, data.status === 'cancelled' ? 'job.cancelled' : 'job.cancel_requested');
  return toTrainingJobRow(changed);
}

/** Result of a job that ends early: its latest checkpoint, unless it already has a result. */
export async function keptResult(transaction: Transaction, id: string): Promise<{ result?: JobResult }> {
  const { result } = await transaction.trainingJob.findUniqueOrThrow({ where: { id }, select: { result: true } });
  const furthest = await transaction.checkpoint.findFirst({ where: { jobId: id }, orderBy: { step: 'desc' } });
  return result === null && furthest !== null ? { result: { final_step: furthest.step, checkpoint_id: furthest.id } } : {};
}

function cancelChange(row: TrainingJobRow): { status?: JobStatus; cancelRequestedAt: Date; finishedAt?: Date } | null {
  if (isFinishedJob(row.status) || row.cancelRequestedAt !== null) return null;
  const now = new Date();
  // Between two attempts nobody holds it, and while a disk is full the next one may be far away.
  const held = (ACTIVE_JOB_STATUSES as readonly JobStatus[]).includes(row.status) && row.leaseUntil !== null;
  return held ? { cancelRequestedAt: now } : { cancelRequestedAt: now, status: 'cancelled', finishedAt: now };
}
