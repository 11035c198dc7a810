// Pausing and resuming training jobs: the effect of a request on the state of a job.
import { isFinishedJob } from '@styleforge/contracts';
import type { JobStatus, TrainingConfig } from '@styleforge/contracts';
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import { appendJobEvent } from './events.ts';
import { removeOutboxMessages } from '../work/outbox.ts';
import { checkQueueLimit, lockForQueueing, queueTraining } from './training-job-creation.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';

export type PauseOutcome =
  | { kind: 'done'; job: TrainingJobRow }
  | { kind: 'not_found' }
  | { kind: 'conflict'; status: JobStatus; cancelRequested: boolean };

export type ResumeOutcome =
  | PauseOutcome
  /** `after`: the number of finished steps, which `max_train_steps` must exceed. */
  | { kind: 'needs_more_steps'; after: number }
  | { kind: 'warmup_too_long'; warmupSteps: number }
  | { kind: 'no_dataset' };

export type ResumeOptions = { maxTrainSteps?: number | undefined; maxQueuedJobs?: number | undefined };

/**
 * Pauses a queued job at once. A job that a worker holds becomes `pausing`, and its worker makes it `paused` when the checkpoint
 * is saved. Repeating the call changes nothing. A job in evaluation or a finished job cannot be paused.
 */
export async function requestPause(prisma: PrismaClient, projectId: string, id: string): Promise<PauseOutcome> {
  return prisma.$transaction(async (transaction) => {
    const job = await lockJob(transaction, projectId, id);
    if (job === null) return { kind: 'not_found' };
    if (job.status === 'paused' || job.status === 'pausing') return { kind: 'done', job };
    const held = job.status === 'running' || job.status === 'validating';
    if ((!held && job.status !== 'queued') || job.cancelRequestedAt !== null) return conflict(job);
    if (!held) await removeOutboxMessages(transaction, 'train', id);
    return { kind: 'done', job: await change(transaction, job, held ? 'pausing' : 'paused', {}) };
  });
}

/**
 * Puts a paused or finished job back into the queue; it continues from its last checkpoint. A succeeded job requires more steps.
 * Repeating the call while the job is under way, or after it has done those steps, changes nothing.
 */
export async function resumeJob(
  prisma: PrismaClient,
  projectId: string,
  id: string,
  { maxTrainSteps, maxQueuedJobs }: ResumeOptions,
): Promise<ResumeOutcome> {
  return prisma.$transaction(async (transaction) => {
    const job = await lockJob(transaction, projectId, id);
    if (job === null) return { kind: 'not_found' };
    const { hyperparameters } = job.config;
    const unchanged = maxTrainSteps === undefined || maxTrainSteps === hyperparameters.max_train_steps;
    if (job.status === 'succeeded' && maxTrainSteps !== undefined && unchanged) return { kind: 'done', job };
    if (job.status !== 'paused' && !isFinishedJob(job.status)) {
      const underWay = job.status !== 'pausing' && job.cancelRequestedAt === null && unchanged;
      return underWay ? { kind: 'done', job } : conflict(job);
    }
    const steps = maxTrainSteps ?? hyperparameters.max_train_steps;
    const done = await stepsDone(transaction, id);
    if (job.status === 'succeeded' ? steps <= done : !unchanged && steps <= done) return { kind: 'needs_more_steps', after: done };
    if (hyperparameters.lr_warmup_steps > steps) return { kind: 'warmup_too_long', warmupSteps: hyperparameters.lr_warmup_steps };
    const config: TrainingConfig = { ...job.config, hyperparameters: { ...hyperparameters, max_train_steps: steps } };
    const locked = await lockForQueueing(transaction, projectId, config);
    if (locked === null) return { kind: 'no_dataset' };
    await checkQueueLimit(transaction, projectId, locked.limit ?? maxQueuedJobs);
    const resumed = await change(transaction, job, 'queued', {
      config,
      cancelRequestedAt: null,
      leaseUntil: null,
      setbacks: 0,
      finishedAt: null,
      result: Prisma.DbNull,
      error: Prisma.DbNull,
    });
    await queueTraining(transaction, resumed);
    return { kind: 'done', job: resumed };
  });
}

const conflict = ({ status, cancelRequestedAt }: TrainingJobRow): PauseOutcome => ({
  kind: 'conflict',
  status,
  cancelRequested: cancelRequestedAt !== null,
});

async function lockJob(transaction: Transaction, projectId: string, id: string): Promise<TrainingJobRow | null> {
  await transaction.$queryRaw`select id from training_jobs where id = ${id} and project_id = ${projectId} for no key update`;
  const row = await transaction.trainingJob.findUnique({ where: { id, projectId } });
  return row && toTrainingJobRow(row);
}

async function stepsDone(transaction: Transaction, jobId: string): Promise<number> {
  const last = await transaction.checkpoint.findFirst({ where: { jobId }, orderBy: { step: 'desc' }, select: { step: true } });
  return last?.step ?? 0;
}

/** Changes a locked row, whose status is therefore the one that the change expects. */
async function change(
  transaction: Transaction,
  job: TrainingJobRow,
  status: JobStatus,
  data: Prisma.TrainingJobUpdateInput,
): Promise<TrainingJobRow> {
  await transaction.trainingJob.update({ where: { id: job.id, status: job.status }, data: { ...data, status } });
  const resumed = status === 'queued';
  await appendJobEvent(transaction, job.id, resumed ? 'job.resumed' : `job.${status}`, resumed ? { from: job.status } : {});
  return toTrainingJobRow(await transaction.trainingJob.findUniqueOrThrow({ where: { id: job.id } }));
}
