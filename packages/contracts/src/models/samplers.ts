// The samplers that images can be generated with, by the engine's names.
import { z } from 'zod';

export const SAMPLERS = ['ddim', 'pndm', 'dpmsolver++', 'dpmsolver++karras', 'euler', 'unipc'] as const;
export type Sampler = (typeof SAMPLERS)[number];

/** How the method's authors sample for their evaluation. */
export const METHOD_SAMPLING = { sampler: 'ddim', steps: 30, guidance_scale: 7.5, negative_prompt: null } as const;

/** The field of a request. */
export const negativePromptRequest = z
  .string()
  .max(2000)
  .nullable()
  .optional()
  .describe(
    'What the images should not show. null: none, for which Stable Diffusion XL uses zeros; `""` is the empty text, encoded like any other. Other base models treat both alike. Default: that of the base model, otherwise null',
  );
/** The field of a resolved config. */
export const negativePromptSetting = z.string().nullable().describe('null: none');

/** The text of a resolved config, undefined where there is none. */
export const givenText = (text: string | null): string | undefined => text ?? undefined;
