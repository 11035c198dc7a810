// Rows of training jobs and what belongs to them as response bodies.
import { checkpointFormat, priorityOf, promptTemplates } from '@styleforge/contracts';
import type { CheckpointBody, JobEventBody, TrainingJobBody, TrainingProgressBody, ValidationImageBody } from '@styleforge/contracts';
import type { CheckpointRow, JobEventRow, TrainingJobRow, ValidationImageRow } from '@styleforge/database';
import type { ObjectStore } from '@styleforge/storage';
import { LINK_SECONDS } from '../http/send-object.ts';
import { presentAnnotations } from './annotations.ts';
import { checkpointFileUrl, thumbnailOf, validationImageUrl } from './links.ts';

export function presentTrainingJob(row: TrainingJobRow, queuePosition: number | null): Omit<TrainingJobBody, 'usage'> {
  return {
    id: row.id,
    status: row.status,
    name: row.name ?? row.variation?.name ?? null,
    notes: row.notes,
    starred: row.starred,
    method: row.method,
    base_model: row.baseModel,
    config: row.config,
    prompt_templates: promptTemplates(row.config),
    metadata: row.metadata,
    priority: priorityOf(row.priority),
    progress: presentProgress(row, queuePosition),
    heartbeat: row.heartbeat,
    attempt: row.attempt,
    cancel_requested: row.cancelRequestedAt !== null,
    checkpoint_requested_at: row.checkpointRequestedAt?.toISOString() ?? null,
    sample_requested_at: row.sampleRequest?.at ?? null,
    webhook_url: row.webhookUrl,
    webhook_events: row.webhookEvents,
    result: row.result,
    error: row.error,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}

const NOTHING_MEASURED = {
  loss: null,
  style_ref_loss: null,
  aux_loss: null,
  grad_norm: null,
  learning_rate: null,
  samples_per_second: null,
  eta_seconds: null,
} as const;

/** Progress without estimates: the pace of an earlier run does not apply to a job that is not running. */
function presentProgress({ status, config, progress }: TrainingJobRow, queuePosition: number | null): TrainingProgressBody {
  const waits = status === 'queued' || status === 'validating' || status === 'paused';
  const steps = { step: 0, of: config.hyperparameters.max_train_steps };
  return {
    ...NOTHING_MEASURED,
    ...steps,
    ...progress,
    ...(waits && { of: steps.of, eta_seconds: null, samples_per_second: null }),
    queue_position: queuePosition,
  };
}

export function presentEvent(row: JobEventRow): JobEventBody {
  return { sequence: row.sequence, type: row.type, data: row.data as JobEventBody['data'], created_at: row.createdAt.toISOString() };
}

export function presentValidationImage(row: ValidationImageRow): ValidationImageBody {
  const { jobId, step, index, prompt, seed, width, height, sizeBytes, sha256, starred, missingSince, createdAt } = row;
  const url = validationImageUrl(jobId, step, index);
  return {
    step,
    index,
    prompt,
    seed,
    width,
    height,
    size_bytes: sizeBytes,
    sha256,
    missing: missingSince !== null,
    url,
    thumbnail_url: thumbnailOf(url),
    starred,
    created_at: createdAt.toISOString(),
  };
}

/** Links to the object store if it can sign them, otherwise through this API. */
export async function presentCheckpoint(
  row: CheckpointRow,
  formats: CheckpointBody['formats'],
  store: ObjectStore,
): Promise<CheckpointBody> {
  const files = row.files.map(async ({ path, size, sha256 }) => {
    const url = (await store.presignGet?.(row.objectPrefix + path, LINK_SECONDS)) ?? checkpointFileUrl(row.jobId, row.id, path);
    return { path, size_bytes: size, sha256, url };
  });
  return {
    id: row.id,
    training_job_id: row.jobId,
    step: row.step,
    format: checkpointFormat(row.files),
    size_bytes: row.sizeBytes,
    missing: row.missingSince !== null,
    files: await Promise.all(files),
    formats,
    ...presentAnnotations(row),
    created_at: row.createdAt.toISOString(),
  };
}
