// Sample images that somebody asks for in the middle of a training.
import { z } from 'zod';
import type { BaseModelProfile } from '../models/base-models.ts';
import { timestamp } from '../common/pages.ts';
import { METHOD_SAMPLING, SAMPLERS, negativePromptSetting } from '../models/samplers.ts';
import type { TrainingConfig } from './training-config.ts';

/** Prompts and sampling of a job's sample images. */
export const sampleSettings = z.object({
  prompts: z.array(z.string()),
  num_images: z.int(),
  sampler: z.enum(SAMPLERS),
  steps: z.int(),
  guidance_scale: z.number(),
  negative_prompt: negativePromptSetting,
  seed: z.int(),
});
export type SampleSettings = z.infer<typeof sampleSettings>;

/** The request as the row keeps it until the images are made. */
export const sampleRequest = sampleSettings.extend({ at: timestamp });
export type SampleRequest = z.infer<typeof sampleRequest>;

/** The prompts of the job's validation, so that the images join the same grid; for a job without one, what its components are trained with. */
export function sampleSettingsOf(config: TrainingConfig, defaults: BaseModelProfile['generation']): SampleSettings {
  if (config.validation) {
    const { every_steps: _every, ...settings } = config.validation;
    return settings;
  }
  const prompts = [...new Set(config.style_ref.components.map(({ prompt }) => prompt))];
  return { ...METHOD_SAMPLING, seed: 0, ...defaults, prompts, num_images: 1 };
}
