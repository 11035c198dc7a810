// Rows of generations and their images as response bodies.
import { cellOf, placeOf } from '@styleforge/contracts';
import type { GeneratedImageBody, GenerationConfig, GenerationBody, GenerationSummaryBody } from '@styleforge/contracts';
import type { GeneratedImageRow, GenerationDetail, GenerationSummaryRow } from '@styleforge/database';
import { presentAnnotations } from './annotations.ts';
import { imageThumbnailUrl, imageUrl } from './links.ts';

export function presentGeneration(row: GenerationDetail): GenerationBody {
  return { ...presentGenerationSummary(row), images: row.images.map((image) => presentGeneratedImage(image, row.config)) };
}

export function presentGenerationSummary(row: GenerationSummaryRow): GenerationSummaryBody {
  const { warnings = [], ...config } = row.config;
  return {
    id: row.id,
    status: row.status,
    base_model: row.baseModel,
    checkpoint_id: row.checkpointId,
    training_job_id: row.trainingJobId,
    ...presentAnnotations(row),
    config,
    warnings,
    error: row.error,
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}

export function presentGeneratedImage(row: GeneratedImageRow, config: GenerationConfig): GeneratedImageBody {
  return {
    id: row.id,
    index: row.index,
    prompt: row.prompt,
    seed: row.seed,
    width: row.width,
    height: row.height,
    size_bytes: row.sizeBytes,
    sha256: row.sha256,
    missing: row.missingSince !== null,
    url: imageUrl(row.id),
    thumbnail_url: imageThumbnailUrl(row.id),
    starred: row.starred,
    format: config.format,
    cell: config.grid && placeOf(config.grid, cellOf(config, row.index)),
    created_at: row.createdAt.toISOString(),
  };
}
