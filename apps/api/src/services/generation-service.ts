// Creates generations: finds the model that is meant, resolves the settings, queues the work.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ID_PREFIXES, isFinishedGeneration, TOKEN_PLACEHOLDER, withTokens } from '@styleforge/contracts';
import type { BaseModelProfile, CreateGenerationRequest, GenerationConfig, StyleRefComponent } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { Database, GenerationDetail, GenerationModel, TrainingJobRow } from '@styleforge/database';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError } from '../errors/api-error.ts';

/** How the method's authors sample for their evaluation. */
const METHOD_SAMPLING = { steps: 30, guidance_scale: 7.5, sampler: 'ddim', negative_prompt: '' } as const;
const STABLE_DIFFUSION_SIZE_UNIT = 8;
const SEEDS = 2 ** 32;
const POLL_MS = 100;

type NewGeneration = { projectId: string; body: CreateGenerationRequest; reservedUuid: string | undefined };
interface ChosenModel {
  model: GenerationModel;
  resolution: number;
  /** Pixels that a width or height must be a multiple of. */
  sizeUnit: number;
  defaults: BaseModelProfile['generation'];
  /** What it has been trained with; none for a base model. */
  components: readonly StyleRefComponent[];
}

/** Returns the new generation's id. */
export async function createGeneration(dependencies: ApiDependencies, { projectId, body, reservedUuid }: NewGeneration): Promise<string> {
  const chosen = await chooseModel(dependencies, projectId, body.model);
  checkPlaceholders(body, chosen);
  const config = resolve(body, chosen);
  checkSize(config, chosen);
  const id = newId('generation', reservedUuid);
  const row = await dependencies.database.generations.create({ id, projectId, model: chosen.model, config });
  return row.id;
}

/** The generation as it is once it has finished or the time is up. */
export async function awaitGeneration(database: Database, projectId: string, id: string, seconds: number): Promise<GenerationDetail> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const row = await database.generations.find(projectId, id);
    if (row === null) throw new Error(`Generation ${id} has gone while it was waited for.`);
    if (isFinishedGeneration(row.status) || Date.now() >= end) return row;
    await sleep(POLL_MS);
  }
}

function resolve(body: CreateGenerationRequest, { resolution, defaults, components }: ChosenModel): GenerationConfig {
  return {
    model: body.model,
    prompts: body.prompts.map((prompt) => withTokens(prompt, components)),
    negative_prompt: body.negative_prompt ?? defaults.negative_prompt ?? METHOD_SAMPLING.negative_prompt,
    width: body.width ?? resolution,
    height: body.height ?? resolution,
    steps: body.steps ?? defaults.steps ?? METHOD_SAMPLING.steps,
    guidance_scale: body.guidance_scale ?? defaults.guidance_scale ?? METHOD_SAMPLING.guidance_scale,
    sampler: body.sampler ?? defaults.sampler ?? METHOD_SAMPLING.sampler,
    seed: body.seed ?? randomInt(SEEDS),
    num_images: body.num_images,
  };
}

function checkPlaceholders({ prompts, model }: CreateGenerationRequest, { components }: ChosenModel): void {
  if (components.length > 0) return;
  const detail = `${TOKEN_PLACEHOLDER} stands for the token of a trained model; ${model} is a base model: name the style in words, or a job in model`;
  const errors = prompts.flatMap((prompt, index) => (prompt.includes(TOKEN_PLACEHOLDER) ? [{ pointer: `/prompts/${index}`, detail }] : []));
  if (errors.length > 0) throw new ApiError('validation_failed', errors.map(({ pointer }) => `${pointer}: ${detail}`).join('; '), errors);
}

function checkSize(config: GenerationConfig, { sizeUnit }: ChosenModel): void {
  const bad = (['width', 'height'] as const).filter((side) => config[side] % sizeUnit !== 0);
  const errors = bad.map((side) => ({ pointer: `/${side}`, detail: `is ${config[side]}; this model needs a multiple of ${sizeUnit}` }));
  if (errors.length > 0) throw new ApiError('validation_failed', errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; '), errors);
}

async function chooseModel(dependencies: ApiDependencies, projectId: string, name: string): Promise<ChosenModel> {
  const { database, baseModels } = dependencies;
  if (name.startsWith(`${ID_PREFIXES.checkpoint}_`)) {
    const checkpoint = await database.checkpoints.find(projectId, name);
    const job = checkpoint && (await database.trainingJobs.find(projectId, checkpoint.jobId));
    if (checkpoint === null || job === null) throw unknownModel(`there is no checkpoint ${name}`);
    return trainedModel(dependencies, job, checkpoint.id);
  }
  if (name.startsWith(`${ID_PREFIXES.trainingJob}_`)) {
    const job = await database.trainingJobs.find(projectId, name);
    if (job === null) throw unknownModel(`there is no training job ${name}`);
    if (job.result === null) throw new ApiError('status_conflict', `The training job ${name} is ${job.status}. Wait for its end, or name one of its checkpoints.`);
    return trainedModel(dependencies, job, job.result.checkpoint_id);
  }
  const entry = await baseModels.find(name);
  if (entry === null) throw unknownModel(`there is no base model ${name}`);
  return { model: { baseModel: name }, resolution: entry.profile.resolution, sizeUnit: entry.body.geometry.latent_scale, defaults: entry.profile.generation, components: [] };
}

/** A checkpoint is sampled as its base model is, at the size that it was trained in. */
async function trainedModel({ baseModels }: ApiDependencies, job: TrainingJobRow, checkpointId: string): Promise<ChosenModel> {
  const base = await baseModels.find(job.baseModel);
  const sizeUnit = base?.body.geometry.latent_scale ?? STABLE_DIFFUSION_SIZE_UNIT;
  return { model: { checkpointId }, resolution: job.config.hyperparameters.resolution, sizeUnit, defaults: base?.profile.generation ?? {}, components: job.config.style_ref.components };
}

function unknownModel(detail: string): ApiError {
  return new ApiError('unknown_model', `/model: ${detail}`, [{ pointer: '/model', detail }]);
}
