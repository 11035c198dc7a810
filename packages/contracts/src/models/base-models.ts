// Base models that an installation can train, and the profile file with a model's own defaults.
import { z } from 'zod';
import { ADAPTATION_KINDS } from '../training/adaptations.ts';
import { hyperparametersRequest } from '../training/hyperparameters.ts';
import { pageOf } from '../common/pages.ts';
import { CLIP_EXTRACTORS, EXTRACTORS } from '../evaluations/extractors.ts';
import { promptSetReference } from '../evaluations/prompt-sets.ts';
import { SAMPLERS } from './samplers.ts';

export const baseModelName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'must be the name of a base model');

const generationDefaults = z.strictObject({
  steps: z.int().min(1).max(1000).optional(),
  guidance_scale: z.number().min(0).max(50).optional(),
  sampler: z.enum(SAMPLERS).optional(),
  negative_prompt: z.string().optional(),
});

/** Defaults for evaluations of the model, and of models trained on it. */
const evaluationDefaults = z.strictObject({
  prompts: promptSetReference.optional().describe('Prompt set'),
  extractor: z.enum(EXTRACTORS).optional(),
  clip_extractor: z.enum(CLIP_EXTRACTORS).optional(),
});

/** Validation and early stopping for jobs that request neither. */
const watch = z.strictObject({
  subjects: z.array(z.string().min(1)).min(1).max(64).describe('What the validation images show, without the style prompt'),
  validations: z.int().min(1).max(100).default(5).describe('Number of validations, evenly distributed over the training'),
  sampling_steps: z.int().min(1).max(1000),
  patience: z.int().min(1).default(2),
  min_clip_share: z.number().gt(0).max(1).describe("Share of the base model's CLIP score that must be kept"),
});

/** Schema of `styleforge.json` in a base model's folder. */
export const baseModelProfile = z
  .object({
    title: z.string().optional(),
    description: z.string().optional(),
    license: z.string().optional(),
    source: z.string().optional().describe('Source of the weights'),
    sha256: z.record(z.string(), z.string()).optional().describe('SHA-256 of the weights, by file'),
    resolution: z.int().min(16).max(2048).multipleOf(8).optional(),
    auxiliary_prompt: z.string().min(1).optional(),
    defaults: hyperparametersRequest.default({}),
    adaptations: z
      .partialRecord(z.enum(ADAPTATION_KINDS), hyperparametersRequest)
      .default({})
      .describe('Settings for an adaptation, where they differ from `defaults`'),
    generation: generationDefaults.default({}),
    evaluation: evaluationDefaults.default({}),
    watch: watch.optional().describe('Validation and early stopping of a job that asks for neither'),
  })
  .meta({ id: 'BaseModelProfile' });
export type BaseModelProfile = z.infer<typeof baseModelProfile>;

export const baseModel = z
  .object({
    name: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    license: z.string().nullable(),
    source: z.string().nullable(),
    resolution: z.int(),
    family: z.string().describe('`stable-diffusion` (1.x and 2.x) or `stable-diffusion-xl`'),
    geometry: z.object({
      latent_channels: z.int(),
      latent_scale: z.int().describe('Pixels per latent, along one side'),
      training_size_multiple: z.int().describe('The resolution of a training job must be a multiple of this'),
      block_out_channels: z.array(z.int()),
      cross_attention_dim: z.int(),
      text_hidden_size: z.int(),
      text_max_length: z.int(),
      prediction_type: z.string(),
    }),
    size_bytes: z.int(),
    defaults: hyperparametersRequest,
    auxiliary_prompt: z.string(),
  })
  .meta({ id: 'BaseModel' });
export type BaseModelBody = z.infer<typeof baseModel>;

export const baseModelPage = pageOf(baseModel, 'BaseModelPage');
