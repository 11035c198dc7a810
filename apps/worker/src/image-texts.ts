// Texts stored in a generated image: in the format that common tools read, and completely as JSON.
import type { Sampler } from '@styleforge/contracts';

export interface ImageParameters {
  prompt: string;
  negative_prompt: string | null;
  seed: number;
  steps: number;
  guidance_scale: number;
  /** Scale of the style. Both scales are set only for images generated with StyleDrop's guidance. */
  style_guidance?: number | null;
  text_guidance?: number | null;
  /** Strength for an image that started from another one. */
  strength?: number | null;
  sampler: Sampler;
  width: number;
  height: number;
  /** Name of a base model, or id of a checkpoint or job. */
  model: string;
  [more: string]: unknown;
}

const SAMPLER_NAMES: Record<Sampler, string> = {
  ddim: 'DDIM',
  pndm: 'PLMS',
  'dpmsolver++': 'DPM++ 2M',
  'dpmsolver++karras': 'DPM++ 2M Karras',
  euler: 'Euler',
  unipc: 'UniPC',
};

/** `parameters` is written as AUTOMATIC1111's web UI writes it, which image tools can read. */
export function imageTexts(parameters: ImageParameters): Record<string, string> {
  const { prompt, negative_prompt, seed, steps, guidance_scale, style_guidance, text_guidance, sampler, width, height, model } = parameters;
  const { strength } = parameters;
  const settings = {
    Steps: steps,
    Sampler: SAMPLER_NAMES[sampler],
    'CFG scale': guidance_scale,
    ...(style_guidance !== undefined && { 'Style guidance': style_guidance, 'Text guidance': text_guidance }),
    ...(typeof strength === 'number' && { 'Denoising strength': strength }),
    Seed: seed,
    Size: `${width}x${height}`,
    Model: model,
    Version: 'StyleForge',
  };
  const lines = [
    prompt,
    ...(negative_prompt === null || negative_prompt === '' ? [] : [`Negative prompt: ${negative_prompt}`]),
    Object.entries(settings)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', '),
  ];
  return { parameters: lines.join('\n'), styleforge: JSON.stringify(parameters) };
}
