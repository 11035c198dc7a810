// The candidates of a StyleDrop job: a generation of its finished checkpoint, which is queued before the job ends.
import { createHash } from 'node:crypto';
import {
  type CandidateSettings,
  captionedPrompt,
  costOfGeneration,
  type GenerationConfig,
  METHOD_SAMPLING,
  type TrainingConfig,
} from '@styleforge/contracts';
import { newId, type TrainingJobRow } from '@styleforge/database';
import type { Services } from '../services.ts';

/** The id is derived from job and checkpoint, so that a worker that takes over does not create a second generation. */
function generationId(jobId: string, checkpointId: string): string {
  const uuid = jobId.slice(jobId.indexOf('_') + 1);
  const digest = createHash('sha256').update(`${jobId} ${checkpointId}`).digest('hex');
  return newId('generation', `${uuid.slice(0, 15)}${digest.slice(0, 3)}-8${digest.slice(3, 6)}-${digest.slice(6, 18)}`);
}

function configOf(job: TrainingJobRow, settings: CandidateSettings): GenerationConfig {
  const { style_ref, hyperparameters } = job.config;
  const { prompts, images_per_prompt, clip_extractor, ...sampling } = settings;
  const template = style_ref.components[0]!.prompt;
  return {
    model: job.id,
    prompts: prompts.map((subject) => captionedPrompt(template, subject)),
    width: hyperparameters.resolution,
    height: hyperparameters.resolution,
    guidance_scale: METHOD_SAMPLING.guidance_scale,
    num_images: images_per_prompt,
    adapters: [],
    image: null,
    strength: null,
    grid: null,
    format: 'png',
    quality: null,
    scoring: { extractor: clip_extractor, texts: prompts },
    ...sampling,
  };
}

/** The candidates in the job's result; empty for a job without candidates. */
export async function queueCandidates(
  job: TrainingJobRow,
  checkpointId: string,
  { database }: Services<'database'>,
): Promise<{ candidates?: { generation_id: string } }> {
  const settings: NonNullable<TrainingConfig['styledrop']>['candidates'] | undefined = job.config.styledrop?.candidates;
  if (!settings) return {};
  const id = generationId(job.id, checkpointId);
  const config = configOf(job, settings);
  await database.generations.create({ id, projectId: job.projectId, model: { checkpointId }, config, cost: costOfGeneration(config) });
  return { candidates: { generation_id: id } };
}
