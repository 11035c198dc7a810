// Resolves the request of an evaluation: prompts, sampling, extractors, reference images, models to compare with.
import { costOfImages, definedOnly, EVALUATION_DEFAULTS, EVALUATION_LIMITS, METHOD_SAMPLING, passesOf } from '@styleforge/contracts';
import type { EvaluationRequest, EvaluationStage } from '@styleforge/contracts';
import type { ApiDependencies } from '../../dependencies.ts';
import { refusal } from '../../errors/api-error.ts';
import { TO_COME } from '../datasets/dataset-to-come.ts';
import { chooseComparisons, type ChosenModel, type JudgedModel } from './evaluated-models.ts';
import { refusePlaceholders } from '../prompts/placeholders.ts';
import { findPromptSet, promptsSha256 } from '../prompts/prompt-set-service.ts';

export interface EvaluationContext {
  projectId: string;
  /** The evaluated model. */
  judged: JudgedModel;
  /** Whether the model is the result of the job itself, which has no checkpoint before its training. */
  trains: boolean;
  size: Pick<ChosenModel, 'resolution' | 'defaults' | 'evaluation'>;
  /** StyleRef dataset of the training job, if there is one. */
  styleRefDatasetId: string | null;
  /** Pointer to the request in the body: '' or '/evaluation'. */
  pointer: string;
}

/** Throws an ApiError that names every wrong field. */
export async function resolveEvaluation(
  dependencies: ApiDependencies,
  request: EvaluationRequest,
  context: EvaluationContext,
): Promise<EvaluationStage> {
  const { judged, pointer, projectId, trains } = context;
  const { resolution, defaults, evaluation } = context.size;
  const usual = { ...EVALUATION_DEFAULTS, ...evaluation };
  const { num_images, seed, metrics, sampler, steps, guidance_scale, negative_prompt } = request;
  const prompts = await resolvePrompts(dependencies, request, context, usual.prompts);
  checkNumbers(request, prompts.prompts.length, pointer);
  const { comparisons, errors } = await chooseComparisons(dependencies, projectId, {
    names: request.compare_with,
    judged,
    trains,
    pointer: `${pointer}/compare_with`,
  });
  if (errors.length > 0) throw refusal('unknown_model', errors);
  const reference = await checkReference(dependencies, request, context);
  return {
    ...prompts,
    num_images,
    seed,
    metrics: [...new Set(metrics)],
    ...METHOD_SAMPLING,
    ...defaults,
    ...definedOnly({ sampler, steps, guidance_scale, negative_prompt }),
    width: resolution,
    height: resolution,
    extractor: request.extractor ?? usual.extractor,
    clip_extractor: request.clip_extractor ?? usual.clip_extractor,
    reference_dataset_id: reference,
    comparisons,
  };
}

async function resolvePrompts(
  dependencies: ApiDependencies,
  request: EvaluationRequest,
  { projectId, judged, pointer }: EvaluationContext,
  usual: string,
) {
  const resolved = await promptsOf(dependencies, projectId, request.prompts ?? usual, pointer);
  const listed = request.prompts instanceof Array;
  refusePlaceholders(
    resolved.prompts,
    { model: judged.name, components: judged.tokens },
    (index) => `${pointer}/prompts${listed ? `/${index}` : ''}`,
  );
  return resolved;
}

async function promptsOf({ database }: ApiDependencies, projectId: string, asked: string[] | string, pointer: string) {
  if (typeof asked !== 'string') return { prompt_set: null, prompts: asked, prompts_sha256: promptsSha256(asked) };
  const set = await findPromptSet(database, projectId, asked);
  if (set === null) throw refusal('unknown_prompt_set', [{ pointer: `${pointer}/prompts`, detail: `there is no prompt set ${asked}` }]);
  const { id, name, version, prompts, sha256 } = set;
  return { prompt_set: { id, name, version }, prompts, prompts_sha256: sha256 };
}

const comparesSets = ({ metrics }: EvaluationRequest) => metrics.includes('fid') || metrics.includes('kid');

function checkNumbers(request: EvaluationRequest, prompts: number, pointer: string): void {
  const images = prompts * request.num_images;
  const field = `${pointer}/num_images`;
  const detail =
    images > EVALUATION_LIMITS.imagesPerModel
      ? `generates ${images} images with each model, and the maximum is ${EVALUATION_LIMITS.imagesPerModel}: lower it, or use fewer prompts`
      : images < 2
        ? 'generates a single image, and an evaluation needs at least two: increase it, or add prompts'
        : null;
  if (detail !== null) throw refusal('validation_failed', [{ pointer: field, detail }]);
}

/** Id of the reference dataset; null if none is named and no metric needs one. */
async function checkReference(
  { database }: ApiDependencies,
  request: EvaluationRequest,
  { projectId, styleRefDatasetId, pointer }: EvaluationContext,
): Promise<string | null> {
  const id = request.reference_dataset_id ?? styleRefDatasetId;
  const field = `${pointer}/reference_dataset_id`;
  if (id === null) {
    if (!comparesSets(request)) return null;
    throw refusal('validation_failed', [
      { pointer: field, detail: 'is missing: name the dataset whose images fid and kid compare with, or request only clip' },
    ]);
  }
  if (id === TO_COME) return id;
  const dataset = await database.datasets.find(projectId, id);
  if (dataset === null) throw refusal('unusable_dataset', [{ pointer: field, detail: `there is no dataset ${id}` }]);
  const least = comparesSets(request) ? 2 : 1;
  if (dataset.imageCount < least) {
    const detail =
      `the dataset ${id} has ${dataset.imageCount} images; ` + `${least === 2 ? 'fid and kid need two or more' : 'upload some first'}`;
    throw refusal('unusable_dataset', [{ pointer: field, detail }]);
  }
  return id;
}

type Costly = Omit<EvaluationStage, 'comparisons'>;

/** `pointer`: that of the request in the body. */
export function costOfEvaluation({ prompts, num_images, width, height, steps, guidance_scale }: Costly, models: number, pointer = '') {
  const images = prompts.length * num_images * models;
  const cost = costOfImages({ images, width, height, steps, passes: passesOf(guidance_scale) });
  const factors = [
    { pointer: `${pointer}/num_images`, value: num_images },
    { pointer: `${pointer}/steps`, value: steps },
    ...(models > 1 ? [{ pointer: `${pointer}/compare_with`, value: models }] : []),
  ];
  return { cost, factors };
}
