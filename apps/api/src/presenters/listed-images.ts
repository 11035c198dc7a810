// Images of the list across a project as response bodies.
import type { ListedEvaluationImageBody, ListedImageBody, ListedValidationImageBody } from '@styleforge/contracts';
import type { ListedEvaluationImageRow, ListedImageRow, ListedValidationImageRow } from '@styleforge/database';
import { presentEvaluationImage } from './evaluations.ts';
import { presentGeneratedImage } from './generations.ts';
import { presentValidationImage } from './training-jobs.ts';

export function presentListedImage(row: ListedImageRow): ListedImageBody {
  return {
    kind: 'generation',
    ...presentGeneratedImage(row, row.config),
    generation_id: row.generationId,
    base_model: row.baseModel,
    checkpoint_id: row.checkpointId,
    training_job_id: row.trainingJobId,
  };
}

export function presentListedValidationImage(row: ListedValidationImageRow): ListedValidationImageBody {
  return { kind: 'validation', ...presentValidationImage(row), training_job_id: row.jobId, base_model: row.baseModel };
}

export function presentListedEvaluationImage({ evaluated, ...row }: ListedEvaluationImageRow): ListedEvaluationImageBody {
  return {
    kind: 'evaluation',
    ...presentEvaluationImage(row),
    evaluation_id: row.evaluationId,
    base_model: evaluated?.checkpoint_id ? null : (evaluated?.base_model ?? null),
    checkpoint_id: evaluated?.checkpoint_id ?? null,
    training_job_id: evaluated?.training_job_id ?? null,
    created_at: row.createdAt.toISOString(),
  };
}
