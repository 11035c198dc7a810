// The interface of a model family: how texts and images condition the denoiser, which inputs it has, and how latents are scaled.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';
import { type ComponentName, type FamilyFiles, type NetworkDescription } from '@styleforge/model-files';
import { type HostArray } from '@styleforge/runtime';
import { AutoencoderKL } from '../models/autoencoder-kl.ts';
import { type CLIPTextModel } from '../models/clip-text.ts';
import { UNet2DConditionModel } from '../models/unet-2d-condition.ts';
import { timestepEmbedding } from '../nn/timestep-embedding.ts';

export type Tensors = Readonly<Record<string, Tensor>>;
export type Feeds = Readonly<Record<string, HostArray>>;

/** Size and crop of a sample in pixels, height first. */
export interface ImageGeometry {
  readonly original: readonly [number, number];
  /** Top and left of the visible part in the resized image. */
  readonly crop: readonly [number, number];
  readonly target: readonly [number, number];
}

/** A text encoder and the conditions that it computes for the denoiser, one row of each for every text. */
export interface TextEncoder {
  readonly component: ComponentName;
  readonly model: CLIPTextModel;
  /** Number of rows of the conditions for texts with this number of tokens. */
  conditionShapes(tokens: number): Readonly<Record<string, Shape>>;
  /** Adds the inputs of `texts` texts to the graph. */
  inputs(graph: Graph, texts: number, tokens: number): Tensors;
  /** Values of `inputs`: rows of `tokens` ids each. `endId`: the tokenizer's end token, which configs do not always name correctly. */
  feeds(ids: Int32Array, tokens: number, endId?: number): Feeds;
  /** Computes the conditions. Weights are named after `prefix`. */
  encode(graph: Graph, inputs: Tensors, prefix?: string): Tensors;
}

export interface DenoiserInputs {
  /** Noisy latents [n, channels, h, w]. */
  readonly sample: Tensor;
  /** Values from `sampleInputs`. */
  readonly told: Tensors;
  /** All conditions of all text encoders, one row for each sample. */
  readonly conditions: Tensors;
}

export interface DiffusionModel {
  readonly files: FamilyFiles;
  readonly unet: UNet2DConditionModel;
  readonly vae: AutoencoderKL;
  /** Text encoders in the order in which the U-Net attends to them. */
  readonly textEncoders: readonly TextEncoder[];
  /** Whether the conditions of a missing negative prompt are zeros instead of those of an empty text. */
  readonly zeroNegative: boolean;
  /** Factor by which the autoencoder's output is multiplied to give latents. */
  readonly latentFactor: number;
  /** Adds the other inputs of a sample to the graph: the timestep, and in some families size and crop of its image. */
  sampleInputs(graph: Graph, samples: number): Tensors;
  /** Values of `sampleInputs`. */
  sampleFeeds(timesteps: ArrayLike<number>, images: readonly ImageGeometry[]): Feeds;
  /** Computes the prediction [n, channels, h, w]. Weights are named after `prefix`. */
  denoise(graph: Graph, inputs: DenoiserInputs, prefix?: string): Tensor;
  /** Scaled latents -> pixels in -1..1 */
  decode(graph: Graph, latents: Tensor, prefix?: string): Tensor;
}

/** Parsed configs of a model's networks. */
export type ModelConfigs = Pick<NetworkDescription, 'family' | 'modelIndex' | 'unet' | 'vae'> & {
  readonly textEncoders: readonly Pick<NetworkDescription['textEncoders'][number], 'component' | 'config'>[];
};

/** Implements the parts that all families of latent diffusion share. */
export function latentDiffusion(
  { family, unet: unetConfig, vae: vaeConfig }: ModelConfigs,
  textEncoders: readonly TextEncoder[],
): DiffusionModel {
  const unet = new UNet2DConditionModel(unetConfig);
  const vae = new AutoencoderKL(vaeConfig);
  return {
    files: family,
    unet,
    vae,
    textEncoders,
    zeroNegative: false,
    latentFactor: vaeConfig.scaling_factor,
    sampleInputs: (graph, samples) => ({
      timestepEmbedding: graph.input('timestep_embedding', [samples, unetConfig.block_out_channels[0]!]),
    }),
    sampleFeeds: (timesteps) => ({ timestep_embedding: timestepEmbedding(Float32Array.from(timesteps), unetConfig) }),
    denoise: (graph, { sample, told, conditions }, prefix) =>
      unet.forward(
        graph,
        { sample, timestepEmbedding: told.timestepEmbedding!, encoderHiddenStates: conditions.encoder_hidden_states! },
        prefix,
      ),
    decode: (graph, latents, prefix) => vae.decode(graph, graph.div(latents, vaeConfig.scaling_factor), prefix),
  };
}

/** Shapes of the conditions of all text encoders together. */
export function conditionShapes({ textEncoders }: DiffusionModel, tokens?: number): Readonly<Record<string, Shape>> {
  const shapes = textEncoders.map((encoder) => encoder.conditionShapes(tokens ?? encoder.model.config.max_position_embeddings));
  return Object.assign({}, ...shapes) as Readonly<Record<string, Shape>>;
}

/** Geometry of an image that is not cropped. */
export const wholeImage = (height: number, width: number): ImageGeometry => ({
  original: [height, width],
  crop: [0, 0],
  target: [height, width],
});
