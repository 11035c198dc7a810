// The parts of a text-to-image pipeline, and the options of a request.
import { type SamplerName, type SchedulerConfig } from '@styleforge/model-files';
import { type DiffusionModel, type ImageGeometry } from '../families/family.ts';
import { type Conditions } from './conditions.ts';
import { type StyleGuidance } from './guidance.ts';
import { type WeightSource } from './model-programs.ts';

/** Sources of weights by component. */
export type WeightSources = Readonly<Record<string, WeightSource>>;

/** The tokenizer that a pipeline needs: it returns rows of as many ids as its text encoder has positions. */
export interface TextTokenizer {
  readonly endId: number;
  encode(text: string): ArrayLike<number>;
}

export interface TextToImageComponents {
  readonly model: DiffusionModel;
  readonly schedulerConfig: SchedulerConfig;
  /** Tokenizers in the order of the text encoders. Without them, the pipeline accepts token ids only. */
  readonly tokenizers?: readonly TextTokenizer[];
  readonly weights: WeightSources;
  /** The same model without adapters; style guidance runs both. */
  readonly base?: TextToImageComponents;
}

export interface SamplingOptions {
  readonly steps: number;
  /** Scale of the guidance. 1 or less: no guidance, and the negative prompt is ignored. */
  readonly guidanceScale: number;
  /** Replaces `guidanceScale` for a model with adapters. */
  readonly styleGuidance?: StyleGuidance | undefined;
  readonly sampler: SamplerName;
  readonly signal?: AbortSignal;
  /** Called after each step with its latents. */
  readonly onStep?: (step: number, of: number, latents: Float32Array) => void | Promise<void>;
}

export interface TextToImageOptions extends SamplingOptions {
  readonly prompts: readonly string[];
  readonly negativePrompt?: string;
  readonly imagesPerPrompt?: number;
  /** Default: the size that the U-Net was trained with. */
  readonly width?: number;
  readonly height?: number;
  /**
   * Seed of the first image; image i of the request has seed + i. The same request gives the same bytes; in another batch a few values
   * differ by one of 255 levels.
   */
  readonly seed: number;
  /** Image to start from. Default: noise alone. */
  readonly from?: StartingImage | undefined;
  readonly batchSize?: number;
  /** Indexes of finished images, which are not generated again. The other images do not change, since batches keep their boundaries. */
  readonly made?: ReadonlySet<number>;
}

/** An image to start from, in the size of the generated images. */
export interface StartingImage {
  /** height * width * 3 bytes */
  readonly rgb: Uint8Array;
  /** Share of the sampling steps to run, above 0 and up to 1: the higher, the less remains of the image. */
  readonly strength: number;
}

export interface GeneratedImage {
  readonly index: number;
  readonly prompt: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** height * width * 3 bytes */
  readonly rgb: Uint8Array;
}

export interface DenoiseInputs {
  /** Standard normal noise [n, channels, h, w]. */
  readonly latents: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** Latents to start from, one for each image of the batch, and the share of the sampling that is run. */
  readonly from?: { readonly latents: Float32Array; readonly strength: number } | undefined;
  /** Encoded prompts, one per image. */
  readonly prompts: readonly Conditions[];
  readonly negativePrompt: Conditions;
  /** The prompts as the model without adapters encodes them; required for style guidance. */
  readonly base?: Pick<DenoiseInputs, 'prompts' | 'negativePrompt'> | undefined;
  /** Size and crop of the images. Default: not cropped. */
  readonly image?: ImageGeometry;
}
