// Creating a training job: its row, its first event and its outbox message in one transaction.
import { PRIORITY_RANKS } from '@styleforge/contracts';
import type { JobPriority, TrainingConfig } from '@styleforge/contracts';
import { QueueFullError } from '../../errors.ts';
import { Prisma } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import { addOutboxMessage, OUTBOX_CHANNEL, outboxInsert } from '../work/outbox.ts';
import type { NewOutboxMessage } from '../work/outbox.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';
import { announceJob } from '../webhooks/webhook-announcements.ts';
import { ensureWebhook } from '../webhooks/webhooks.ts';

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

/** Like `createTrainingJob`, within a transaction that makes more than this job. */
export async function addTrainingJob(transaction: Transaction, job: NewTrainingJob): Promise<TrainingJobRow | null> {
  const { id = newId('trainingJob'), projectId, config, webhookUrl = null, maxQueuedJobs } = job;
  const existing = job.id === undefined ? null : await transaction.trainingJob.findUnique({ where: { id, projectId } });
  if (existing !== null) return toTrainingJobRow(existing);
  // From here to the commit, one job of a project after the other: as few statements as can be.
  const locked = await lockForQueueing(transaction, projectId, config);
  if (locked === null) return null;
  if (webhookUrl !== null) await ensureWebhook(transaction, projectId, webhookUrl);
  const { row, isWatched } = await insertJob(transaction, { ...job, id }, locked.limit ?? maxQueuedJobs);
  if (isWatched) await announceJob(transaction, id, 'job.queued');
  return row;
}

/** The row, its first event and its outbox message in one statement. Throws QueueFullError. */
async function insertJob(
  transaction: Transaction,
  job: NewTrainingJob & { id: string },
  limit: number | undefined,
): Promise<{ row: TrainingJobRow; isWatched: boolean }> {
  const { id, projectId, config, metadata = {}, webhookUrl = null, study } = job;
  const priority = PRIORITY_RANKS[job.priority ?? 'normal'];
  const variation = study ? { index: study.index, name: study.name, changes: study.changes } : null;
  const [styleRefDatasetId, auxDatasetId, studyId] = [config.style_ref.dataset_id, config.aux?.dataset_id ?? null, study?.id ?? null];
  const [made] = await transaction.$queryRaw<{ createdAt: Date; updatedAt: Date; isWatched: boolean }[]>`
    with queued as (
      select count(*) as count from training_jobs where project_id = ${projectId} and status = 'queued'
    ), job as (
      insert into training_jobs (id, project_id, status, method, base_model, config, metadata, priority, webhook_url, study_id, variation, style_ref_dataset_id, aux_dataset_id, event_count, updated_at)
      select ${id}, ${projectId}, 'queued', ${config.method}, ${config.base_model}, ${JSON.stringify(config)}::jsonb, ${JSON.stringify(metadata)}::jsonb, ${priority}::smallint, ${webhookUrl}::text,
        ${studyId}::text, ${variation && JSON.stringify(variation)}::jsonb, ${styleRefDatasetId}, ${auxDatasetId}::text, 1, now()
      from queued where count < ${limit ?? null}::int or ${limit ?? null}::int is null
      returning id, created_at, updated_at
    ), event as (
      insert into job_events (job_id, sequence, type, data) select id, 1, 'job.queued', '{}'::jsonb from job
    ), message as (
      ${outboxInsert(trainingMessage({ id, projectId, priority }), Prisma.sql`from job`)}
    )
    select created_at as "createdAt", updated_at as "updatedAt", pg_notify(${OUTBOX_CHANNEL}, topic)::text,
      exists (select from webhooks where project_id = ${projectId} and disabled_at is null) as "isWatched"
    from job, message`;
  if (made === undefined) throw new QueueFullError(limit ?? 0);
  const { isWatched, createdAt, updatedAt } = made;
  const row: TrainingJobRow = {
    id,
    projectId,
    status: 'queued',
    method: config.method,
    baseModel: config.base_model,
    config,
    name: null,
    notes: '',
    starred: false,
    metadata,
    priority,
    webhookUrl,
    studyId,
    variation,
    styleRefDatasetId,
    auxDatasetId,
    progress: null,
    heartbeat: null,
    result: null,
    error: null,
    attempt: 0,
    leaseUntil: null,
    setbacks: 0,
    eventCount: 1,
    createdAt,
    updatedAt,
    startedAt: null,
    finishedAt: null,
    cancelRequestedAt: null,
    checkpointRequestedAt: null,
    sampleRequest: null,
  };
  return { row, isWatched };
}

type QueuedJob = { id: string; projectId: string; priority: number };

const trainingMessage = ({ id, projectId, priority }: QueuedJob): NewOutboxMessage => ({
  topic: 'train',
  key: id,
  payload: { jobId: id },
  projectId,
  priority,
});

/** Writes the outbox message of a job that is `queued`. */
export const queueTraining = (transaction: Transaction, job: QueuedJob): Promise<void> =>
  addOutboxMessage(transaction, trainingMessage(job));

/**
 * Until the commit, no dataset of the job can be deleted, and no other job of the project be queued, so that a count of those that are is exact.
 * Returns the project's own limit of queued jobs; null when a dataset is gone.
 */
export async function lockForQueueing(
  transaction: Transaction,
  projectId: string,
  config: TrainingConfig,
): Promise<{ limit: number | undefined } | null> {
  const named = [
    config.style_ref.dataset_id,
    config.aux?.dataset_id,
    config.early_stopping?.reference_dataset_id,
    config.evaluation?.reference_dataset_id,
  ];
  const ids = [...new Set(named.filter((id) => id !== undefined && id !== null))];
  const [locked] = await transaction.$queryRaw<{ datasets: number; limit: number | null }[]>`
    with found as (select id from datasets where id = any(${ids}) and project_id = ${projectId} order by id for key share)
    select (select count(*)::int from found) as datasets, max_queued_jobs as "limit" from projects where id = ${projectId} for no key update`;
  return locked?.datasets === ids.length ? { limit: locked.limit ?? undefined } : null;
}

/** Checks the limit of waiting jobs; the caller holds the project's lock. Throws QueueFullError. */
export async function checkQueueLimit(transaction: Transaction, projectId: string, limit: number | undefined): Promise<void> {
  if (limit === undefined) return;
  const queued = await transaction.trainingJob.count({ where: { projectId, status: 'queued' } });
  if (queued >= limit) throw new QueueFullError(limit);
}
