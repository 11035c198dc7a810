// Creating a training job: its row, its first event and its outbox message in one transaction.
import { PRIORITY_RANKS } from '@styleforge/contracts';
import type { JobPriority, TrainingConfig } from '@styleforge/contracts';
import { QueueFullError } from '../errors.ts';
import { newId } from '../new-id.ts';
import type { JsonInput, PrismaClient, Transaction } from '../prisma-types.ts';
import { appendJobEvent } from './events.ts';
import { addOutboxMessage } from './outbox.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';
import { ensureWebhook } from './webhooks.ts';

export type NewTrainingJob = {
  /** Decided beforehand for a request that may be sent twice: the second finds the first one's job. */
  id?: string | undefined;
  projectId: string;
  config: TrainingConfig;
  metadata?: Record<string, string>;
  priority?: JobPriority;
  webhookUrl?: string | null | undefined;
  /** How many jobs of the project may be queued, unless the project has a number of its own. */
  maxQueuedJobs?: number | undefined;
  /** The study that it is a variation of. */
  study?: { id: string; index: number; name: string; changes: Record<string, unknown> };
};

/** Null when a dataset has been deleted meanwhile. */
export function createTrainingJob(prisma: PrismaClient, job: NewTrainingJob): Promise<TrainingJobRow | null> {
  return prisma.$transaction((transaction) => addTrainingJob(transaction, job));
}

/** As `createTrainingJob`, within a transaction that makes more than this job. */
export async function addTrainingJob(transaction: Transaction, job: NewTrainingJob): Promise<TrainingJobRow | null> {
  const { id = newId('trainingJob'), projectId, config, metadata = {}, priority = 'normal', webhookUrl = null, study } = job;
  const existing = job.id === undefined ? null : await transaction.trainingJob.findUnique({ where: { id, projectId } });
  if (existing !== null) return toTrainingJobRow(existing);
  if (!(await lockDatasets(transaction, projectId, config))) return null;
  // From here to the commit, one job of a project after the other.
  await checkQueueLimit(transaction, projectId, job.maxQueuedJobs);
  const row = await transaction.trainingJob.create({
    data: {
      id,
      projectId,
      status: 'queued',
      method: config.method,
      baseModel: config.base_model,
      config,
      metadata,
      priority: PRIORITY_RANKS[priority],
      webhookUrl,
      ...(study && { studyId: study.id, variation: { index: study.index, name: study.name, changes: study.changes as JsonInput } }),
      styleRefDatasetId: config.style_ref.dataset_id,
      auxDatasetId: config.aux?.dataset_id ?? null,
    },
  });
  if (webhookUrl !== null) await ensureWebhook(transaction, projectId, webhookUrl);
  await appendJobEvent(transaction, id, 'job.queued');
  await queueTraining(transaction, row);
  return toTrainingJobRow({ ...row, eventCount: 1 });
}

/** Writes the outbox message of a job that is `queued`. */
export async function queueTraining(transaction: Transaction, { id, projectId, priority }: { id: string; projectId: string; priority: number }): Promise<void> {
  await addOutboxMessage(transaction, { topic: 'train', key: id, payload: { jobId: id }, projectId, priority });
}

/** The project's lock makes the count exact, however many requests come at once. Throws QueueFullError. */
export async function checkQueueLimit(transaction: Transaction, projectId: string, maxQueuedJobs: number | undefined): Promise<void> {
  const [project] = await transaction.$queryRaw<{ limit: number | null }[]>`select max_queued_jobs as limit from projects where id = ${projectId} for no key update`;
  const limit = project?.limit ?? maxQueuedJobs;
  if (limit === undefined) return;
  const queued = await transaction.trainingJob.count({ where: { projectId, status: 'queued' } });
  if (queued >= limit) throw new QueueFullError(limit);
}

/** Keeps the datasets from being deleted until the job is committed; false when one is gone. */
export async function lockDatasets(transaction: Transaction, projectId: string, config: TrainingConfig): Promise<boolean> {
  const named = [config.style_ref.dataset_id, config.aux?.dataset_id, config.early_stopping?.reference_dataset_id, config.evaluation?.reference_dataset_id];
  const ids = [...new Set(named.filter((id) => id !== undefined && id !== null))];
  const found = await transaction.$queryRaw<unknown[]>`
    select id from datasets where id = any(${ids}) and project_id = ${projectId} order by id for key share`;
  return found.length === ids.length;
}
