// What a text-to-image pipeline is made of, and what it is asked for.
import { type SamplerName, type SchedulerConfig } from '@styleforge/model-files';
import { type DiffusionModel, type ImageGeometry } from '../families/family.ts';
import { type Conditions } from './conditions.ts';
import { type StyleGuidance } from './guidance.ts';
import { type WeightSource } from './model-programs.ts';

/** Sources of weights by component. */
export type WeightSources = Readonly<Record<string, WeightSource>>;

/** What a tokenizer does here: rows of as many ids as its text encoder has positions. */
export interface TextTokenizer {
  readonly endId: number;
  encode(text: string): ArrayLike<number>;
}

export interface TextToImageComponents {
  readonly model: DiffusionModel;
  readonly schedulerConfig: SchedulerConfig;
  /** Tokenizers in the order of the text encoders. Without them only token ids can be given. */
  readonly tokenizers?: readonly TextTokenizer[];
  readonly weights: WeightSources;
  /** The same model without its adapters, where it has any: style guidance asks both. */
  readonly base?: TextToImageComponents;
}

export interface SamplingOptions {
  readonly steps: number;
  /** 1 or less samples without guidance and leaves the negative prompt out. */
  readonly guidanceScale: number;
  /** Takes the place of `guidanceScale`, on a model with adapters. */
  readonly styleGuidance?: StyleGuidance | undefined;
  readonly sampler: SamplerName;
  readonly signal?: AbortSignal;
  /** `latents` are what the step has reached. */
  readonly onStep?: (step: number, of: number, latents: Float32Array) => void | Promise<void>;
}

export interface TextToImageOptions extends SamplingOptions {
  readonly prompts: readonly string[];
  readonly negativePrompt?: string;
  readonly imagesPerPrompt?: number;
  /** Default: the size that the U-Net was trained at. */
  readonly width?: number;
  readonly height?: number;
  /** Image i of the whole request has seed + i. The same request gives the same bytes; in another batch a few values differ by one of 255 levels. */
  readonly seed: number;
  /** Default: images begin as noise alone. */
  readonly from?: StartingImage | undefined;
  readonly batchSize?: number;
  /** Indexes of images that are there already: they are not given again. The others stay as they would be, since batches keep their boundaries. */
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
  /** Latents of an image to begin from, for each image of the batch, and the share of the sampling that is done. */
  readonly from?: { readonly latents: Float32Array; readonly strength: number } | undefined;
  /** Encoded prompts, one per image. */
  readonly prompts: readonly Conditions[];
  readonly negativePrompt: Conditions;
  /** The same as the model without adapters encodes them; needed for style guidance. */
  readonly base?: Pick<DenoiseInputs, 'prompts' | 'negativePrompt'> | undefined;
  /** Size and crop inputs of the images. Default: each image is complete. */
  readonly image?: ImageGeometry;
}
