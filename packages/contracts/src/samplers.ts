// The samplers that images can be generated with.
export const SAMPLERS = ['ddim', 'pndm', 'dpmsolver++', 'dpmsolver++_karras', 'euler', 'unipc'] as const;
export type Sampler = (typeof SAMPLERS)[number];
