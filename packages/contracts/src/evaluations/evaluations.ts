// Evaluations: a report on any models, with any reference images and prompts.
import { z } from 'zod';
import { annotationFields } from '../common/annotations.ts';
import { failure } from '../common/errors.ts';
import { CLIP_EXTRACTORS, EXTRACTORS, METRICS } from './extractors.ts';
import { checkpointId, datasetId, evaluationId, exampleId, trainingJobId } from '../common/ids.ts';
import { missingObject, pageOf, timestamp } from '../common/pages.ts';
import { promptList, promptSetReference } from './prompt-sets.ts';
import { METHOD_SAMPLING, SAMPLERS, negativePromptRequest, negativePromptSetting } from '../models/samplers.ts';
import { THUMBNAIL } from '../datasets/thumbnails.ts';
import { generationStatus } from '../common/statuses.ts';
import { withAbsentFields } from '../common/stored-json.ts';
import { evaluationSummary } from './verdicts.ts';

export const EVALUATION_LIMITS = { imagesPerModel: 50_000, comparisons: 8 } as const;

/** Fields that an evaluation stage and a separate evaluation share. */
const settings = {
  prompts: z
    .union([promptList, promptSetReference])
    .optional()
    .describe(
      'A list of prompts, or a prompt set by its id, its name or name@version. Put a list that is too long for this ' +
        'request (1 MB) into a prompt set. `[V]` stands for the first token of each model, `[name]` for the token of ' +
        'the component with this name; base models get the tokens of the evaluated model. Prompts without a ' +
        'placeholder get the style prompt in front. Default: the shipped set for the base model',
    ),
  num_images: z.int().min(1).max(1_000).default(1).describe('Images for each prompt'),
  sampler: z.enum(SAMPLERS).optional(),
  steps: z.int().min(1).max(1000).optional(),
  guidance_scale: z.number().min(0).max(50).optional(),
  negative_prompt: negativePromptRequest,
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe('Seed of the first image; image i of every model uses seed + i'),
  metrics: z.array(z.enum(METRICS)).min(1).max(METRICS.length).default(['fid', 'kid', 'clip']),
  extractor: z
    .enum(EXTRACTORS)
    .optional()
    .describe(
      'Extractor for FID and KID. `texture` compares lines, texture and palette, not subjects; it needs no weights. ' +
        'Default: the extractor of the base model, otherwise inception-v3-fid',
    ),
  clip_extractor: z
    .enum(CLIP_EXTRACTORS)
    .optional()
    .describe('Extractor for CLIP scores and similarities. Default: the extractor of the base model, otherwise clip'),
  reference_dataset_id: datasetId.optional().describe('Default: the StyleRef images of the training job'),
  compare_with: z
    .array(z.string().min(1).max(100))
    .max(EVALUATION_LIMITS.comparisons)
    .default([])
    .describe('Models to compare with: `base`, finished training jobs, checkpoints or base models. They get the same prompts and seeds'),
};

export const evaluationRequest = z.strictObject(settings).meta({ id: 'EvaluationStageRequest' });
export type EvaluationRequest = z.infer<typeof evaluationRequest>;

export const createEvaluationRequest = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(100)
      .describe('The model to evaluate: a checkpoint id, the id of a succeeded job, or the name of a base model'),
    ...settings,
  })
  .meta({
    id: 'CreateEvaluationRequest',
    examples: [
      {
        model: exampleId('trainingJob'),
        prompts: 'mini',
        num_images: 2,
        metrics: ['kid', 'clip'],
        reference_dataset_id: exampleId('dataset'),
        compare_with: ['base'],
      },
    ],
  });
export type CreateEvaluationRequest = z.infer<typeof createEvaluationRequest>;

export const evaluatedModel = z
  .object({
    name: z.string().describe('The name that the request used for the model'),
    label: z.string(),
    base_model: z.string(),
    training_job_id: trainingJobId.nullable(),
    checkpoint_id: checkpointId.nullable(),
    step: z.int().nullable(),
    adapter: z
      .object({ model: z.string(), version_id: z.string().nullable().describe('null: an operator has installed it') })
      .nullable()
      .describe('An adapter from elsewhere, on top of the base model, at strength 1'),
    prompt_prefix: z.string().describe('The words for the style, which are put in front of each prompt that has no placeholder'),
    tokens: z.array(z.object({ name: z.string(), token: z.string() })).describe('What placeholders in the prompts become, by component'),
  })
  .meta({ id: 'EvaluatedModel' });
export type EvaluatedModel = z.infer<typeof evaluatedModel>;

/** Whether the model is a base model without checkpoint or adapter. */
export const isBaseAlone = ({ checkpoint_id, adapter }: Pick<EvaluatedModel, 'checkpoint_id' | 'adapter'>): boolean =>
  checkpoint_id === null && adapter === null;

const resolved = {
  prompt_set: z.object({ id: z.string(), name: z.string(), version: z.int() }).nullable(),
  prompts: z.array(z.string()),
  prompts_sha256: z.string(),
  num_images: z.int(),
  sampler: z.enum(SAMPLERS),
  steps: z.int(),
  guidance_scale: z.number(),
  negative_prompt: negativePromptSetting,
  seed: z.int(),
  width: z.int(),
  height: z.int(),
  metrics: z.array(z.enum(METRICS)),
  extractor: z.enum(EXTRACTORS),
  clip_extractor: z.enum(CLIP_EXTRACTORS),
  reference_dataset_id: datasetId.nullable().describe('null: no reference images, so only CLIP scores are computed'),
};

/** The evaluation stage of a training job. Its own model exists only after the training. */
export const evaluationStage = z.object({ ...resolved, comparisons: z.array(evaluatedModel) }).meta({ id: 'EvaluationStage' });
export type EvaluationStage = z.infer<typeof evaluationStage>;

/** The resolved configuration that the worker receives. */
export const evaluationConfig = z
  .object({
    ...resolved,
    models: z.array(evaluatedModel).min(1).describe('The evaluated model first, then the models that it is compared with'),
  })
  .meta({ id: 'EvaluationConfig' });
export type EvaluationConfig = z.infer<typeof evaluationConfig>;

const USUAL_SETTINGS = { ...METHOD_SAMPLING, num_images: 1, seed: 0 } as const;

/** Completes the stored configuration of a stage or an evaluation that was written before a setting existed. */
export function completeEvaluationSettings<Settings extends EvaluationStage | EvaluationConfig>(stored: Settings): Settings {
  const schema = 'models' in stored ? evaluationConfig : evaluationStage;
  return withAbsentFields(schema, { ...USUAL_SETTINGS, ...stored }) as Settings;
}

const EVALUATION_PHASES = ['images', 'metrics'] as const;

export const evaluationProgress = z
  .object({ phase: z.enum(EVALUATION_PHASES), done: z.int(), of: z.int() })
  .meta({ id: 'EvaluationProgress' });
export type EvaluationProgress = z.infer<typeof evaluationProgress>;

export const evaluation = z
  .object({
    id: evaluationId,
    status: generationStatus,
    training_job_id: trainingJobId.nullable().describe('The training job of which this is the evaluation stage'),
    ...annotationFields,
    config: evaluationConfig,
    progress: evaluationProgress.nullable(),
    cancel_requested: z.boolean(),
    report_url: z.string().nullable().describe('Address of the report; null until the evaluation has succeeded'),
    summary: evaluationSummary.nullable().describe('Outcome and metrics of the report; null until the evaluation has succeeded'),
    error: failure.nullable(),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: 'Evaluation' });
export type EvaluationBody = z.infer<typeof evaluation>;

export const evaluationPage = pageOf(evaluation, 'EvaluationPage');

export const evaluationImage = z
  .object({
    model: z.int().describe('Position of the model in `config.models`'),
    index: z.int(),
    prompt: z.string().describe('The prompt as the model received it, including the style prompt'),
    seed: z.int(),
    width: z.int(),
    height: z.int(),
    size_bytes: z.int(),
    sha256: z.string(),
    missing: missingObject,
    url: z.string(),
    thumbnail_url: z.string().describe(THUMBNAIL),
  })
  .meta({ id: 'EvaluationImage' });
export type EvaluationImageBody = z.infer<typeof evaluationImage>;

export const evaluationImageList = z.object({ data: z.array(evaluationImage) }).meta({ id: 'EvaluationImageList' });
