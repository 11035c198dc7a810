// Creating a training job: its row, its first event and its outbox message in one transaction.
import { PRIORITY_RANKS } from '@styleforge/contracts';
import type { JobPriority, JobWebhookEvent, TrainingConfig } from '@styleforge/contracts';
import { QueueFullError } from '../../errors.ts';
import { Batches } from '../../batches.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import type { Statements } from '../../statements.ts';
import { addOutboxMessage, OUTBOX_CHANNEL, outboxBody } from '../work/outbox.ts';
import type { NewOutboxMessage } from '../work/outbox.ts';
import { countQueued } from './queue-positions.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';
import { announceJob } from '../webhooks/webhook-announcements.ts';
import { ensureWebhook } from '../webhooks/webhooks.ts';

export type NewTrainingJob = {
  /** Decided in advance for a request that may be sent twice: the second one finds the job of the first. */
  id?: string | undefined;
  projectId: string;
  config: TrainingConfig;
  name?: string | null | undefined;
  notes?: string | undefined;
  metadata?: Record<string, string>;
  priority?: JobPriority;
  webhookUrl?: string | null | undefined;
  /** Events of the job that the URL receives. Default: all. */
  webhookEvents?: JobWebhookEvent[] | undefined;
  /** Limit of the project's queued jobs, unless the project has its own. */
  maxQueuedJobs?: number | undefined;
  /** The study that the job is a variation of. */
  study?: { id: string; index: number; name: string; changes: Record<string, unknown> };
};

/** A job that has been queued. `position`: the number of jobs ahead of it, where it was counted. */
export type QueuedTrainingJob = TrainingJobRow & { position?: number };

/**
 * Creates jobs; null if a dataset has been deleted meanwhile. One statement, unless an endpoint receives the job's events. Jobs of one
 * project wait for each other's commit, so those that arrive meanwhile are sent together.
 */
export function trainingJobCreator(
  prisma: PrismaClient,
  statements: Statements,
): (job: NewTrainingJob) => Promise<QueuedTrainingJob | null> {
  const batches = new Batches<object, Queued>((projectId, jobs) =>
    statements.run<Queued>('queue_training_jobs', QUEUE_JOBS, [projectId, JSON.stringify(jobs)]),
  );
  return async (job) => {
    const named = { ...job, id: job.id ?? newId('trainingJob') };
    const inTransaction = () => prisma.$transaction((transaction) => addTrainingJob(transaction, named));
    if (job.webhookUrl) return inTransaction();
    const queued = await batches.add(job.projectId, { ...queueArguments(named), unwatchedOnly: true, wantsPosition: true });
    if (queued.outcome === 'watched') return inTransaction();
    if (queued.outcome === 'exists') return readExisting(prisma, named);
    const row = outcomeOf(named, queued);
    return row && { ...row, ...(queued.position !== null && { position: queued.position }) };
  };
}

/** Like `trainingJobCreator`, as part of a larger transaction. The position is not counted. */
export async function addTrainingJob(transaction: Transaction, job: NewTrainingJob): Promise<TrainingJobRow | null> {
  const { projectId, webhookUrl = null, webhookEvents = [] } = job;
  const named = { ...job, id: job.id ?? newId('trainingJob') };
  // From here to the commit, the project's jobs are handled one after the other, so the number of statements is kept small.
  const [queued] = await transaction.$queryRawUnsafe<Queued[]>(QUEUE_JOBS, projectId, JSON.stringify([queueArguments(named)]));
  if (queued?.outcome === 'exists') return readExisting(transaction, named);
  const row = outcomeOf(named, queued);
  if (row === null) return null;
  if (webhookUrl !== null) await ensureWebhook(transaction, projectId, webhookUrl);
  if (webhookEvents.length > 0)
    await transaction.trainingJob.update({ where: { id: row.id }, data: { webhookEvents, updatedAt: row.updatedAt } });
  if (queued?.isWatched || webhookUrl !== null) await announceJob(transaction, row.id, 'job.queued');
  return row;
}

const readExisting = async (client: Transaction, { id, projectId }: NamedJob): Promise<TrainingJobRow> =>
  toTrainingJobRow(await client.trainingJob.findUniqueOrThrow({ where: { id, projectId } }));

/** Result of the database's function queue_training_jobs (migration queue_counts). */
type Queued = {
  outcome: 'made' | 'exists' | 'dataset_gone' | 'queue_full' | 'watched';
  limit: number | null;
  madeAt: Date;
  isWatched: boolean;
  position: number | null;
};
type NamedJob = NewTrainingJob & { id: string };

/** Queues a list of jobs of one project, in its order and in one transaction. */
const QUEUE_JOBS = `
  select outcome, queue_limit as "limit", made_at as "madeAt", is_watched as "isWatched", queue_position as "position"
  from queue_training_jobs($1, $2::jsonb, '${OUTBOX_CHANNEL}')`;

function queueArguments(job: NamedJob): object {
  const { id, config, metadata = {}, webhookUrl = null, study, maxQueuedJobs = null } = job;
  return {
    id,
    config,
    name: job.name ?? null,
    notes: job.notes ?? '',
    metadata,
    priority: PRIORITY_RANKS[job.priority ?? 'normal'],
    webhookUrl,
    studyId: study?.id ?? null,
    variation: variationOf(job),
    datasets: datasetsOf(config),
    maxQueuedJobs,
    message: outboxBody({ jobId: id }),
  };
}

const variationOf = ({ study }: NewTrainingJob) => (study ? { index: study.index, name: study.name, changes: study.changes } : null);

/** The row as it was written; null if a dataset is gone. Throws QueueFullError. */
function outcomeOf(job: NamedJob, queued: Queued | undefined): TrainingJobRow | null {
  if (queued?.outcome === 'dataset_gone') return null;
  if (queued?.outcome === 'queue_full') throw new QueueFullError(queued.limit ?? 0);
  if (queued?.outcome !== 'made') throw new Error(`Training job ${job.id} was not queued: ${queued?.outcome ?? 'no outcome'}.`);
  const { id, projectId, config, metadata = {}, webhookUrl = null, webhookEvents = [], study } = job;
  return {
    id,
    projectId,
    status: 'queued',
    method: config.method,
    baseModel: config.base_model,
    config,
    name: job.name ?? null,
    notes: job.notes ?? '',
    starred: false,
    metadata,
    priority: PRIORITY_RANKS[job.priority ?? 'normal'],
    webhookUrl,
    webhookEvents,
    studyId: study?.id ?? null,
    variation: variationOf(job),
    styleRefDatasetId: config.style_ref.dataset_id,
    auxDatasetId: config.aux?.dataset_id ?? null,
    progress: null,
    heartbeat: null,
    result: null,
    error: null,
    attempt: 0,
    leaseUntil: null,
    setbacks: 0,
    eventCount: 1,
    createdAt: queued.madeAt,
    updatedAt: queued.madeAt,
    startedAt: null,
    finishedAt: null,
    cancelRequestedAt: null,
    checkpointRequestedAt: null,
    sampleRequest: null,
  };
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
 * Locks datasets and project until the commit, so that no dataset of the job can be deleted, no other job of the project be queued, and
 * the count of queued jobs is exact. Returns the project's own limit of queued jobs; null if a dataset no longer exists.
 */
export async function lockForQueueing(
  transaction: Transaction,
  projectId: string,
  config: TrainingConfig,
): Promise<{ limit: number | undefined } | null> {
  const ids = datasetsOf(config);
  const [locked] = await transaction.$queryRaw<{ datasets: number; limit: number | null }[]>`
    with found as (select id from datasets where id = any(${ids}) and project_id = ${projectId} order by id for key share)
    select (select count(*)::int from found) as datasets, max_queued_jobs as "limit" from projects where id = ${projectId} for no key update`;
  return locked?.datasets === ids.length ? { limit: locked.limit ?? undefined } : null;
}

/** The datasets that a job reads, without duplicates. */
function datasetsOf(config: TrainingConfig): string[] {
  const named = [
    config.style_ref.dataset_id,
    config.aux?.dataset_id,
    config.early_stopping?.reference_dataset_id,
    config.evaluation?.reference_dataset_id,
  ];
  return [...new Set(named.filter((id) => id !== undefined && id !== null))];
}

/** Checks the limit of waiting jobs; the caller holds the project's lock. Throws QueueFullError. */
export async function checkQueueLimit(transaction: Transaction, projectId: string, limit: number | undefined): Promise<void> {
  if (limit === undefined) return;
  if ((await countQueued(transaction, projectId)) >= limit) throw new QueueFullError(limit);
}
