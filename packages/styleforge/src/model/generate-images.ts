// Generates images with a base model or a checkpoint, with one callback for each.
import { isSamplerName, loadTextToImagePipeline, samplerNames, type GeneratedImage, type StyleGuidance } from '@styleforge/diffusion';
import { type CompileOptions } from '@styleforge/runtime';
import { TrainingInputError } from '../config.ts';

export interface GenerateImagesOptions {
  readonly modelDirectory: string;
  readonly prompts: readonly string[];
  readonly negativePrompt?: string;
  /** Default: the model's own size. */
  readonly width?: number;
  readonly height?: number;
  readonly steps: number;
  readonly guidanceScale: number;
  /** Replaces `guidanceScale` for a model with adapters. */
  readonly styleGuidance?: StyleGuidance | undefined;
  readonly sampler: string;
  /** Image i has seed + i. */
  readonly seed: number;
  /** Images of each prompt. Default: 1. */
  readonly numImages?: number;
  /** Indexes of images to skip because they already exist; the others are the same as if all were generated. */
  readonly made?: ReadonlySet<number>;
  readonly signal?: AbortSignal;
  readonly compile?: CompileOptions;
  readonly onImage: (image: GeneratedImage) => void | Promise<void>;
}

export async function generateImages(options: GenerateImagesOptions): Promise<void> {
  const { sampler, modelDirectory } = options;
  if (!isSamplerName(sampler)) throw new TrainingInputError(`sampler '${sampler}' is unknown: choose one of ${samplerNames.join(', ')}`);
  const pipeline = await loadTextToImagePipeline(modelDirectory, options.compile);
  try {
    const images = pipeline.generate({ ...options, sampler, imagesPerPrompt: options.numImages });
    for await (const image of images) await options.onImage(image);
  } finally {
    await pipeline.release();
  }
}
