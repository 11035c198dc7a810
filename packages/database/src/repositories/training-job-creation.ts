// Creating a training job: its row, its first event and its outbox message in one transaction.
import type { TrainingConfig } from '@styleforge/contracts';
import { newId } from '../new-id.ts';
import type { JsonInput, PrismaClient, Transaction } from '../prisma-types.ts';
import { appendJobEvent } from './events.ts';
import { addOutboxMessage } from './outbox.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';

export type NewTrainingJob = {
  /** Decided beforehand for a request that may be sent twice: the second finds the first one's job. */
  id?: string | undefined;
  projectId: string;
  config: TrainingConfig;
  metadata?: Record<string, string>;
  /** The study that it is a variation of. */
  study?: { id: string; index: number; name: string; changes: Record<string, unknown> };
};

/** Null when a dataset has been deleted meanwhile. */
export function createTrainingJob(prisma: PrismaClient, job: NewTrainingJob): Promise<TrainingJobRow | null> {
  return prisma.$transaction((transaction) => addTrainingJob(transaction, job));
}

/** As `createTrainingJob`, within a transaction that makes more than this job. */
export async function addTrainingJob(transaction: Transaction, job: NewTrainingJob): Promise<TrainingJobRow | null> {
  const { id = newId('trainingJob'), projectId, config, metadata = {}, study } = job;
  const existing = await transaction.trainingJob.findUnique({ where: { id, projectId } });
  if (existing !== null) return toTrainingJobRow(existing);
  if (!(await lockDatasets(transaction, projectId, config))) return null;
  const row = await transaction.trainingJob.create({
    data: {
      id,
      projectId,
      status: 'queued',
      method: config.method,
      baseModel: config.base_model,
      config,
      metadata,
      ...(study && { studyId: study.id, variation: { index: study.index, name: study.name, changes: study.changes as JsonInput } }),
      styleRefDatasetId: config.style_ref.dataset_id,
      auxDatasetId: config.aux?.dataset_id ?? null,
    },
  });
  await appendJobEvent(transaction, id, 'job.queued');
  await addOutboxMessage(transaction, 'train', id, { jobId: id });
  return toTrainingJobRow({ ...row, eventCount: 1 });
}

/** Keeps the datasets from being deleted until the job is committed; false when one is gone. */
export async function lockDatasets(transaction: Transaction, projectId: string, config: TrainingConfig): Promise<boolean> {
  const ids = [...new Set([config.style_ref.dataset_id, ...(config.aux ? [config.aux.dataset_id] : [])])];
  const found = await transaction.$queryRaw<unknown[]>`
    select id from datasets where id = any(${ids}) and project_id = ${projectId} order by id for key share`;
  return found.length === ids.length;
}
