// What an image says about how it was generated.
export interface ImageParameters {
  prompt: string;
  /** null for none */
  negative_prompt: string | null;
  seed?: number;
  steps?: number;
  guidance_scale?: number;
  strength?: number;
  width?: number;
  height?: number;
  /** The service's name where it has this sampler, otherwise the name in the image. */
  sampler?: string;
  model?: string;
}
