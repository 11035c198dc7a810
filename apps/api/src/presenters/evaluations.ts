// Rows of evaluations and their images as response bodies.
import type { EvaluationBody, EvaluationImageBody } from '@styleforge/contracts';
import type { EvaluationImageRow, EvaluationRow } from '@styleforge/database';
import { presentAnnotations } from './annotations.ts';
import { evaluationImageUrl, evaluationReportUrl, thumbnailOf } from './links.ts';

export function presentEvaluation(row: EvaluationRow): EvaluationBody {
  return {
    id: row.id,
    status: row.status,
    training_job_id: row.trainingJobId,
    ...presentAnnotations(row),
    config: row.config,
    progress: row.progress,
    cancel_requested: row.cancelRequestedAt !== null,
    report_url: row.status === 'succeeded' ? evaluationReportUrl(row.id) : null,
    summary: row.status === 'succeeded' ? row.summary : null,
    error: row.error,
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}

export function presentEvaluationImage({
  evaluationId,
  model,
  index,
  prompt,
  seed,
  width,
  height,
  sizeBytes,
  sha256,
  missingSince,
}: EvaluationImageRow): EvaluationImageBody {
  return {
    model,
    index,
    prompt,
    seed,
    width,
    height,
    size_bytes: sizeBytes,
    sha256,
    missing: missingSince !== null,
    url: evaluationImageUrl(evaluationId, model, index),
    thumbnail_url: thumbnailOf(evaluationImageUrl(evaluationId, model, index)),
  };
}
