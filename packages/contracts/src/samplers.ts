// The samplers that images can be generated with, by the engine's names.
export const SAMPLERS = ['ddim', 'pndm', 'dpmsolver++', 'dpmsolver++karras', 'euler', 'unipc'] as const;
export type Sampler = (typeof SAMPLERS)[number];
