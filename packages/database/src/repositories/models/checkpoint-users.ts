// Users of a checkpoint: unfinished work, running exports, and versions of models.
import { LIVE_JOB_STATUSES } from '@styleforge/contracts';
import type { Transaction } from '../../prisma-types.ts';

export const UNFINISHED = ['queued', 'running'];

/** Unfinished generations, evaluations and jobs that name one of the checkpoints. */
export async function checkpointUsers(transaction: Transaction, projectId: string, checkpointIds: string[]): Promise<string[]> {
  if (checkpointIds.length === 0) return [];
  const rows = await transaction.$queryRaw<{ id: string }[]>`
    select id from generations where project_id = ${projectId} and status = any(${UNFINISHED}) and (checkpoint_id = any(${checkpointIds}) or exists (
      select from jsonb_array_elements(coalesce(config -> 'adapters', '[]')) adapter where adapter ->> 'checkpoint_id' = any(${checkpointIds})))
    union all
    select id from evaluations where project_id = ${projectId} and status = any(${UNFINISHED}) and exists (
      select from jsonb_array_elements(config -> 'models') model where model ->> 'checkpoint_id' = any(${checkpointIds}))
    union all
    select id from training_jobs where project_id = ${projectId} and status = any(${[...LIVE_JOB_STATUSES]})
      and jsonb_typeof(config -> 'evaluation' -> 'comparisons') = 'array' and exists (
      select from jsonb_array_elements(config -> 'evaluation' -> 'comparisons') model where model ->> 'checkpoint_id' = any(${checkpointIds}))
    union all
    select id from exports where status = any(${UNFINISHED}) and checkpoint_id = any(${checkpointIds})
    order by id`;
  return rows.map(({ id }) => id);
}

/** Unfinished generations, evaluations and training jobs that use one of the uploaded adapters. */
export async function uploadUsers(transaction: Transaction, projectId: string, versionIds: string[]): Promise<string[]> {
  if (versionIds.length === 0) return [];
  const rows = await transaction.$queryRaw<{ id: string }[]>`
    select id from generations where project_id = ${projectId} and status = any(${UNFINISHED}) and exists (
      select from jsonb_array_elements(coalesce(config -> 'adapters', '[]')) adapter where adapter ->> 'version_id' = any(${versionIds}))
    union all
    select id from evaluations where project_id = ${projectId} and status = any(${UNFINISHED}) and exists (
      select from jsonb_array_elements(config -> 'models') model where model -> 'adapter' ->> 'version_id' = any(${versionIds}))
    union all
    select id from training_jobs where project_id = ${projectId} and status = any(${[...LIVE_JOB_STATUSES]})
      and jsonb_typeof(config -> 'evaluation' -> 'comparisons') = 'array' and exists (
      select from jsonb_array_elements(config -> 'evaluation' -> 'comparisons') model
      where model -> 'adapter' ->> 'version_id' = any(${versionIds}))
    order by id`;
  return rows.map(({ id }) => id);
}

/** Versions of models that consist of one of the checkpoints, in the notation of requests. */
export async function modelsOf(transaction: Transaction, checkpointIds: string[]): Promise<string[]> {
  const rows = await transaction.modelVersion.findMany({
    where: { checkpointId: { in: checkpointIds } },
    include: { model: { select: { name: true } } },
    orderBy: { id: 'asc' },
  });
  return rows.map(({ model, number }) => `${model.name}@${number}`);
}
