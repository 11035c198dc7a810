// What a model family knows of its networks: how texts and images condition the denoiser, how it is fed, how latents are scaled.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';
import { type ComponentName, type FamilyFiles, type NetworkDescription } from '@styleforge/model-files';
import { type HostArray } from '@styleforge/runtime';
import { AutoencoderKL } from '../models/autoencoder-kl.ts';
import { type CLIPTextModel } from '../models/clip-text.ts';
import { UNet2DConditionModel } from '../models/unet-2d-condition.ts';
import { timestepEmbedding } from '../nn/timestep-embedding.ts';

export type Tensors = Readonly<Record<string, Tensor>>;
export type Feeds = Readonly<Record<string, HostArray>>;

/** Size and crop inputs of a sample, in pixels, each height first. */
export interface ImageGeometry {
  readonly original: readonly [number, number];
  /** Top and left of the part that is shown, once the image was resized. */
  readonly crop: readonly [number, number];
  readonly target: readonly [number, number];
}

/** A text encoder, and what the denoiser takes from it: its conditions, one row of each for every text. */
export interface TextEncoder {
  readonly component: ComponentName;
  readonly model: CLIPTextModel;
  /** Number of rows of the conditions for texts with this number of tokens. */
  conditionShapes(tokens: number): Readonly<Record<string, Shape>>;
  /** Adds the inputs of `texts` texts to the graph. */
  inputs(graph: Graph, texts: number, tokens: number): Tensors;
  /** What `inputs` are fed: rows of `tokens` ids each. `endId`: the tokenizer's end, which configs do not always say rightly. */
  feeds(ids: Int32Array, tokens: number, endId?: number): Feeds;
  /** The conditions. Weights are named after `prefix`. */
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
  /** Whether a missing negative prompt has zero conditions instead of those of an empty text. */
  readonly zeroNegative: boolean;
  /** Latents are what the autoencoder gives, times this. */
  readonly latentFactor: number;
  /** Adds the further inputs of a sample to the graph: the timestep, and in some families size and crop of its image. */
  sampleInputs(graph: Graph, samples: number): Tensors;
  /** What `sampleInputs` are fed. */
  sampleFeeds(timesteps: ArrayLike<number>, images: readonly ImageGeometry[]): Feeds;
  /** The prediction [n, channels, h, w]. Weights are named after `prefix`. */
  denoise(graph: Graph, inputs: DenoiserInputs, prefix?: string): Tensor;
  /** Scaled latents -> pixels in -1..1 */
  decode(graph: Graph, latents: Tensor, prefix?: string): Tensor;
}

/** Parts of a model. */
export type ModelConfigs = Pick<NetworkDescription, 'family' | 'modelIndex' | 'unet' | 'vae'> & {
  readonly textEncoders: readonly Pick<NetworkDescription['textEncoders'][number], 'component' | 'config'>[];
};

/** Parts that all families of latent diffusion share. */
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

/** The conditions' rows of all text encoders together. */
export function conditionShapes({ textEncoders }: DiffusionModel, tokens?: number): Readonly<Record<string, Shape>> {
  const shapes = textEncoders.map((encoder) => encoder.conditionShapes(tokens ?? encoder.model.config.max_position_embeddings));
  return Object.assign({}, ...shapes) as Readonly<Record<string, Shape>>;
}

/** An image that is shown whole. */
export const wholeImage = (height: number, width: number): ImageGeometry => ({
  original: [height, width],
  crop: [0, 0],
  target: [height, width],
});
