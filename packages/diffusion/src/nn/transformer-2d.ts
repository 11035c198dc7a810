// The U-Net's transformer over image positions: self-attention, cross-attention, gated feed-forward.
import { type Tensor } from '@styleforge/autodiff';
import { attention, toImage, toSequence } from './attention.ts';
import { conv2d, groupNorm, layerNorm, linear } from './layers.ts';
import { type Scope } from './scope.ts';

const layerNormEpsilon = 1e-5;
const groupNormEpsilon = 1e-6;

export interface Transformer2DOptions {
  readonly heads: number;
  /** Number of transformer blocks, one after the other. */
  readonly layers: number;
  readonly groups: number;
  readonly useLinearProjection: boolean;
  /** Whether the first attention of each block attends to the text, too. */
  readonly onlyCrossAttention: boolean;
}

/** GEGLU: half of the projection is multiplied by the exact GELU of the other half. */
function feedForward(scope: Scope, x: Tensor): Tensor {
  const { graph } = scope;
  const features = x.shape.at(-1)!;
  const inner = 4 * features;
  const projected = linear(scope.child('net', 0, 'proj'), x, 2 * inner);
  const value = graph.slice(projected, -1, 0, inner);
  const gate = graph.slice(projected, -1, inner, 2 * inner);
  return linear(scope.child('net', 2), graph.mul(value, graph.gelu(gate)), features);
}

function transformerBlock(scope: Scope, x: Tensor, context: Tensor, { heads, onlyCrossAttention }: Transformer2DOptions): Tensor {
  const { graph } = scope;
  const options = { heads, innerFeatures: x.shape.at(-1)!, bias: false };
  const first = layerNorm(scope.child('norm1'), x, layerNormEpsilon);
  const self = graph.add(attention(scope.child('attn1'), first, onlyCrossAttention ? context : first, options), x);
  const second = layerNorm(scope.child('norm2'), self, layerNormEpsilon);
  const cross = graph.add(attention(scope.child('attn2'), second, context, options), self);
  return graph.add(feedForward(scope.child('ff'), layerNorm(scope.child('norm3'), cross, layerNormEpsilon)), cross);
}

/** x [n, c, h, w], context [n, tokens, features] -> [n, c, h, w] */
export function transformer2DModel(scope: Scope, x: Tensor, context: Tensor, options: Transformer2DOptions): Tensor {
  return scope.graph.recomputed(() => spatialTransformer(scope, x, context, options));
}

function spatialTransformer(scope: Scope, x: Tensor, context: Tensor, options: Transformer2DOptions): Tensor {
  const { graph } = scope;
  const [, channels, height, width] = x.shape;
  const inner = options.heads * Math.floor(channels / options.heads);
  const normalized = groupNorm(scope.child('norm'), x, options.groups, groupNormEpsilon);
  let hidden = options.useLinearProjection
    ? linear(scope.child('proj_in'), toSequence(graph, normalized), inner)
    : toSequence(graph, conv2d(scope.child('proj_in'), normalized, inner, { kernel: 1 }));
  for (let layer = 0; layer < options.layers; layer++) {
    hidden = transformerBlock(scope.child('transformer_blocks', layer), hidden, context, options);
  }
  const projected = options.useLinearProjection
    ? toImage(graph, linear(scope.child('proj_out'), hidden, channels), height, width)
    : conv2d(scope.child('proj_out'), toImage(graph, hidden, height, width), channels, { kernel: 1 });
  return graph.add(projected, x);
}
