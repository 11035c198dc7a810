// How Stable Diffusion XL conditions its U-Net: two text encoders side by side, a pooled text, and the sizes of the image.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type UNet2DConditionConfig } from '@styleforge/model-files';
import { type CLIPTextModel } from '../models/clip-text.ts';
import { timestepEmbedding } from '../nn/timestep-embedding.ts';

/** What a sample tells of its image, in pixels: original height and width, top and left of the crop, height and width of the target. */
export type TimeIds = readonly [number, number, number, number, number, number];

/** Sinusoids [n, 6 * numbers] of the time ids, one after the other. */
export function timeIdEmbedding(timeIds: readonly TimeIds[], config: UNet2DConditionConfig): Float32Array {
  if (config.addition_embed === null) throw new Error('the U-Net takes no time ids');
  return timestepEmbedding(timeIds.flat(), { ...config, block_out_channels: [config.addition_embed.numbers] });
}

export interface TextEncodersXL {
  readonly first: CLIPTextModel;
  readonly second: CLIPTextModel;
  /** The size of the pooled text, `projection_dim` of the second encoder. */
  readonly projection: number;
}

export interface ConditionInputsXL {
  /** int32 [n, length], each for its own tokenizer. */
  readonly inputIds: readonly [Tensor, Tensor];
  /** int32 [n]: where each text of the second encoder ends, counted over all texts. */
  readonly endOfText: Tensor;
  /** From `timeIdEmbedding`. */
  readonly timeIds: Tensor;
}

export interface ConditionsXL {
  readonly hidden: readonly [Tensor, Tensor];
  readonly pooled: Tensor;
  /** What the U-Net attends to, and what joins its time embedding. */
  readonly encoderHiddenStates: Tensor;
  readonly addedConditions: Tensor;
}

/** Weights of the encoders are named after `prefixes`. */
export function conditionsXL(
  graph: Graph,
  { first, second, projection }: TextEncodersXL,
  { inputIds, endOfText, timeIds }: ConditionInputsXL,
  prefixes: readonly [string, string] = ['text_encoder.', 'text_encoder_2.'],
): ConditionsXL {
  const { beforeLast: one } = first.hiddenStates(graph, inputIds[0], prefixes[0]);
  const { beforeLast: two, last } = second.hiddenStates(graph, inputIds[1], prefixes[1]);
  const pooled = second.pooled(graph, last, endOfText, projection, prefixes[1]);
  return {
    hidden: [one, two],
    pooled,
    encoderHiddenStates: graph.concat([one, two], 2),
    addedConditions: graph.concat([pooled, timeIds], 1),
  };
}
