// Monitoring of a training: validation, and early stopping.
import { z } from 'zod';
import type { FieldError } from '../common/errors.ts';
import { datasetId } from '../common/ids.ts';
import type { BaseModelProfile } from '../models/base-models.ts';
import { METHOD_SAMPLING, SAMPLERS, negativePromptSetting } from '../models/samplers.ts';
import { evaluatedPrompt, withTokens } from './placeholders.ts';
import type { BoundToken } from './placeholders.ts';
import { styleWords } from './style-words.ts';
import type { CreateTrainingJobRequest } from './training-request.ts';

export const DEFAULT_SAMPLING = { ...METHOD_SAMPLING, seed: 0 } as const;

/** Minimum number of steps for the defaults of a base model: shorter trainings are usually tests, and too short to overfit. */
const FEWEST_WATCHED_STEPS = 50;

export const samplingConfig = {
  sampler: z.enum(SAMPLERS),
  steps: z.int(),
  guidance_scale: z.number(),
  negative_prompt: negativePromptSetting,
  seed: z.int(),
};

export const validationConfig = z.object({
  prompts: z.array(z.string()),
  every_steps: z.int(),
  num_images: z.int(),
  ...samplingConfig,
});
type ValidationConfig = z.infer<typeof validationConfig>;

export const earlyStoppingConfig = z.object({
  metric: z.enum(['kid', 'clip']),
  patience: z.int(),
  min_steps: z.int(),
  min_clip_share: z.number().nullable(),
  reference_dataset_id: datasetId.nullable(),
});
type EarlyStoppingConfig = z.infer<typeof earlyStoppingConfig>;

interface Watch {
  validation: ValidationConfig | null;
  early_stopping: EarlyStoppingConfig | null;
}

interface Watched {
  components: readonly (BoundToken & { prompt: string })[];
  profile: BaseModelProfile;
  steps: number;
}

/** The request's validation and early stopping; those of the base model if the request has neither. */
export function resolveWatch({ validation, early_stopping: stopping }: CreateTrainingJobRequest, watched: Watched): Watch {
  const { components, profile, steps } = watched;
  if (validation === undefined && stopping === undefined && profile.watch !== undefined && steps >= FEWEST_WATCHED_STEPS)
    return usualWatch(profile.watch, watched);
  return {
    validation: validation
      ? {
          ...DEFAULT_SAMPLING,
          ...profile.generation,
          ...validation,
          prompts: validation.prompts.map((prompt) => withTokens(prompt, components)),
        }
      : null,
    early_stopping: stopping
      ? { ...stopping, min_clip_share: stopping.min_clip_share ?? null, reference_dataset_id: stopping.reference_dataset_id ?? null }
      : null,
  };
}

function usualWatch(usual: NonNullable<BaseModelProfile['watch']>, { components, profile, steps }: Watched): Watch {
  const words = styleWords({ style_ref: { components } });
  return {
    validation: {
      ...DEFAULT_SAMPLING,
      ...profile.generation,
      steps: usual.sampling_steps,
      prompts: usual.subjects.map((subject) => evaluatedPrompt(subject, words)),
      every_steps: Math.ceil(steps / usual.validations),
      num_images: 1,
    },
    early_stopping: {
      metric: 'clip',
      patience: usual.patience,
      min_steps: 0,
      min_clip_share: usual.min_clip_share,
      reference_dataset_id: null,
    },
  };
}

export function checkEarlyStopping({ validation, early_stopping }: CreateTrainingJobRequest): FieldError[] {
  if (!early_stopping) return [];
  const pointer = '/early_stopping';
  const { metric, min_clip_share, reference_dataset_id } = early_stopping;
  if (!validation) return [{ pointer, detail: 'needs the images of a validation: set validation too' }];
  if (metric === 'kid' && validation.prompts.length * validation.num_images < 2) {
    return [{ pointer: '/validation/num_images', detail: 'kid needs at least two images at each validation: increase it' }];
  }
  if (metric === 'kid' && min_clip_share !== undefined) {
    return [
      { pointer: `${pointer}/min_clip_share`, detail: 'has no effect without the metric clip: set metric to clip, or omit this field' },
    ];
  }
  if (metric === 'clip' && reference_dataset_id !== undefined) {
    return [{ pointer: `${pointer}/reference_dataset_id`, detail: 'applies only to the metric kid: omit it, or set metric to kid' }];
  }
  return [];
}
