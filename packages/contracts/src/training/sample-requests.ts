// Sample images that a caller requests during a training.
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

/** The request as the row stores it until the images are made. */
export const sampleRequest = sampleSettings.extend({ at: timestamp });
export type SampleRequest = z.infer<typeof sampleRequest>;

/**
 * The prompts of the job's validation, so that the images appear in the same grid. A job without validation uses the prompts of its
 * components.
 */
export function sampleSettingsOf(config: TrainingConfig, defaults: BaseModelProfile['generation']): SampleSettings {
  if (config.validation) {
    const { every_steps: _every, ...settings } = config.validation;
    return settings;
  }
  const prompts = [...new Set(config.style_ref.components.map(({ prompt }) => prompt))];
  return { ...METHOD_SAMPLING, seed: 0, ...defaults, prompts, num_images: 1 };
}
