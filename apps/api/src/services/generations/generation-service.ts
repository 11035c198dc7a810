// Creates generations: finds the model, resolves the settings, queues the work.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  costOfGeneration,
  DEFAULT_QUALITY,
  DEFAULT_STRENGTH,
  isFinishedGeneration,
  METHOD_SAMPLING,
  STYLE_GUIDANCE,
  withTokens,
  isWholeModel,
} from '@styleforge/contracts';
import type { BoundToken, CreateGenerationRequest, GenerationConfig } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { Database, GenerationDetail, GenerationModel } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError } from '../../errors/api-error.ts';
import { chooseAdapters, type ChosenAdapter, uploadedAdapter } from './generation-adapters.ts';
import { findNamedModel } from '../models/named-model.ts';
import type { NamedModel } from '../models/named-model.ts';
import { checkGrid, resolveGrid } from './generation-grid.ts';
import { takeStartingImage } from './starting-image.ts';
import { refusePlaceholders } from '../prompts/placeholders.ts';
import { cutPrompts } from '../prompts/cut-prompts.ts';
import { foreignSyntax } from '../prompts/foreign-syntax.ts';
import { withinBudget } from '../operations/work-budget.ts';

const SEEDS = 2 ** 32;
const POLL_MS = 100;

type NewGeneration = { projectId: string; body: CreateGenerationRequest; reservedUuid: string | undefined };
interface ChosenModel extends Pick<NamedModel, 'resolution' | 'sizeUnit' | 'defaults'> {
  model: GenerationModel;
  /** The name of the base model, its own or the one it was trained on. */
  base: string;
  /** Components that the model was trained with; none for a base model. */
  components: readonly BoundToken[];
  /** Whether the model is an addition to a base model, which style guidance needs. */
  isAdapted: boolean;
  /** Adapters that are part of the model, in addition to its base model: an uploaded adapter. */
  own: ChosenAdapter[];
}

/** Returns the new generation's id. */
export async function createGeneration(dependencies: ApiDependencies, { projectId, body, reservedUuid }: NewGeneration): Promise<string> {
  const model = await chooseModel(dependencies, projectId, body.model);
  const adapters = [...model.own, ...(await chooseAdapters(dependencies, projectId, { body, base: model.base }))];
  const chosen = { ...model, components: [...model.components, ...adapters.flatMap(({ components }) => components)] };
  const grid = resolveGrid(body, chosen.components);
  refusePlaceholders(body.prompts, { model: body.model, components: chosen.components }, (index) => `/prompts/${index}`);
  refuseStyleGuidance(body, chosen, adapters.length);
  const id = newId('generation', reservedUuid);
  const settings = resolve(
    body,
    chosen,
    adapters.map(({ adapter }) => adapter),
  );
  checkSize(settings, chosen);
  const image = await takeStartingImage(dependencies, { projectId, generationId: id, image: body.image });
  const config: GenerationConfig = { ...settings, grid, image };
  config.warnings = [...(await cutPrompts(dependencies, config, model.base)), ...foreignSyntax(config)];
  checkGrid(config);
  const { cost, factors } = costOf(config);
  const budget = dependencies.generationBudgetPerProject;
  await withinBudget(factors, () => dependencies.database.generations.create({ id, projectId, model: chosen.model, config, cost, budget }));
  return id;
}

function costOf(config: GenerationConfig) {
  const cost = costOfGeneration(config);
  const factors = [
    { pointer: '/num_images', value: config.num_images },
    { pointer: '/steps', value: config.steps },
    { pointer: '/width', value: config.width },
  ];
  return { cost, factors };
}

type Wait = { seconds: number /** Aborts the wait. */; signal: AbortSignal };

/** Waits until the generation has finished or the time is over, and returns it. */
export async function awaitGeneration(
  database: Database,
  projectId: string,
  id: string,
  { seconds, signal }: Wait,
): Promise<GenerationDetail> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const row = await database.generations.find(projectId, id);
    if (row === null) throw new Error(`Generation ${id} was deleted while the request waited for it.`);
    if (isFinishedGeneration(row.status) || Date.now() >= end || signal.aborted) return row;
    await sleep(POLL_MS);
  }
}

function resolve(
  body: CreateGenerationRequest,
  { resolution, defaults, components }: ChosenModel,
  adapters: GenerationConfig['adapters'],
): Omit<GenerationConfig, 'grid' | 'image'> {
  const guidanceScale = body.guidance_scale ?? defaults.guidance_scale ?? METHOD_SAMPLING.guidance_scale;
  return {
    model: body.model,
    prompts: body.prompts.map((prompt) => withTokens(prompt, components)),
    negative_prompt:
      body.negative_prompt === undefined ? (defaults.negative_prompt ?? METHOD_SAMPLING.negative_prompt) : body.negative_prompt,
    width: body.width ?? resolution,
    height: body.height ?? resolution,
    steps: body.steps ?? defaults.steps ?? METHOD_SAMPLING.steps,
    guidance_scale: guidanceScale,
    ...styleGuidanceOf(body, guidanceScale),
    sampler: body.sampler ?? defaults.sampler ?? METHOD_SAMPLING.sampler,
    seed: body.seed ?? randomInt(SEEDS),
    num_images: body.num_images,
    adapters,
    strength: body.image ? (body.strength ?? DEFAULT_STRENGTH) : null,
    format: body.format,
    quality: body.format === 'png' ? null : (body.quality ?? DEFAULT_QUALITY),
    scoring: null,
  };
}

const givesStyleGuidance = ({ style_guidance, text_guidance }: CreateGenerationRequest): boolean =>
  (style_guidance ?? text_guidance ?? null) !== null;

/** Classifier-free guidance of scale w is text guidance of w - 1 on a model without adapters. */
function styleGuidanceOf(body: CreateGenerationRequest, guidanceScale: number): Pick<GenerationConfig, 'style_guidance' | 'text_guidance'> {
  if (!givesStyleGuidance(body)) return { style_guidance: null, text_guidance: null };
  return {
    style_guidance: body.style_guidance ?? STYLE_GUIDANCE.style_guidance,
    text_guidance: body.text_guidance ?? Math.max(0, guidanceScale - 1),
  };
}

/** Style guidance compares a model with itself without its adapters. */
function refuseStyleGuidance(body: CreateGenerationRequest, { isAdapted }: Pick<ChosenModel, 'isAdapted'>, adapters: number): void {
  const pointer = body.style_guidance === undefined ? '/text_guidance' : '/style_guidance';
  const refuse = (detail: string): never => {
    throw new ApiError('validation_failed', `${pointer}: ${detail}`, [{ pointer, detail }]);
  };
  if (!givesStyleGuidance(body)) return;
  if (!isAdapted && adapters === 0)
    refuse(
      `compares a model with its base model, and ${body.model} is a whole model: name a model with an adaptation, ` +
        'set adapters, or omit this field',
    );
  if (body.guidance_scale !== undefined && (body.text_guidance ?? null) !== null)
    refuse('replaces guidance_scale: set only one of the two');
}

function checkSize(config: Pick<GenerationConfig, 'width' | 'height'>, { sizeUnit }: ChosenModel): void {
  const bad = (['width', 'height'] as const).filter((side) => config[side] % sizeUnit !== 0);
  const errors = bad.map((side) => ({ pointer: `/${side}`, detail: `is ${config[side]}; this model needs a multiple of ${sizeUnit}` }));
  if (errors.length > 0)
    throw new ApiError('validation_failed', errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; '), errors);
}

async function chooseModel(dependencies: ApiDependencies, projectId: string, name: string): Promise<ChosenModel> {
  const found = await findNamedModel(dependencies, projectId, name);
  if (!found.ok) throw new ApiError(found.code, `/model: ${found.detail}`, [{ pointer: '/model', detail: found.detail }]);
  const {
    model,
    model: { resolution, sizeUnit, defaults },
  } = found;
  const size = { resolution, sizeUnit, defaults };
  if (model.kind === 'base')
    return { ...size, model: { baseModel: model.name }, base: model.name, components: [], isAdapted: false, own: [] };
  if (model.kind === 'uploaded') {
    const { name: base } = model.provenance.base_model;
    return { ...size, model: { baseModel: base }, base, components: [], isAdapted: true, own: [uploadedAdapter(name, model, 1)] };
  }
  const { job, checkpoint } = model;
  const { adaptation, style_ref } = job.config;
  return {
    ...size,
    model: { checkpointId: checkpoint.id },
    base: job.baseModel,
    components: style_ref.components,
    isAdapted: !isWholeModel(adaptation.kind),
    own: [],
  };
}
