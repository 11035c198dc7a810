// The samplers that images can be generated with, by the engine's names.
export const SAMPLERS = ['ddim', 'pndm', 'dpmsolver++', 'dpmsolver++karras', 'euler', 'unipc'] as const;
export type Sampler = (typeof SAMPLERS)[number];

/** How the method's authors sample for their evaluation. */
export const METHOD_SAMPLING = { sampler: 'ddim', steps: 30, guidance_scale: 7.5, negative_prompt: '' } as const;

/** A text of a resolved config, undefined where it is empty: models may treat no negative prompt otherwise than an empty one. */
export const givenText = (text: string): string | undefined => (text === '' ? undefined : text);
