// The samplers for generating images, by the engine's names.
import { z } from 'zod';

export const SAMPLERS = ['ddim', 'pndm', 'dpmsolver++', 'dpmsolver++karras', 'euler', 'unipc'] as const;
export type Sampler = (typeof SAMPLERS)[number];

/** The sampling of the method's authors in their evaluation. */
export const METHOD_SAMPLING = { sampler: 'ddim', steps: 30, guidance_scale: 7.5, negative_prompt: null } as const;

/** The negative prompt in a request. */
export const negativePromptRequest = z
  .string()
  .max(2000)
  .nullable()
  .optional()
  .describe(
    'What the images should not show. null: none, for which Stable Diffusion XL uses zeros; `""` is the empty ' +
      'text, encoded like any other. Other base models treat both alike. Default: that of the base model, otherwise null',
  );
/** The negative prompt in a resolved config. */
export const negativePromptSetting = z.string().nullable().describe('null: none');

/** The negative prompt as the pipelines take it: undefined for none. */
export const givenText = (text: string | null): string | undefined => text ?? undefined;
