// Multi-head scaled dot-product attention.
import { joinHeads, ShapeError, softmaxProduct, splitHeads, type Graph, type Tensor } from '@styleforge/autodiff';
import { groupNorm, linear } from './layers.ts';
import { type Scope } from './scope.ts';

/**
 * softmax(q k' / sqrt(d) + mask) v for each head. If there are more scores than the graph keeps, they are computed again for the gradients.
 * q, k and v are [batch, length, heads * d], the mask broadcasts over [queries, keys].
 */
export function multiHeadAttention(graph: Graph, q: Tensor, k: Tensor, v: Tensor, heads: number, mask?: Tensor): Tensor {
  const features = q.shape[2];
  if (features % heads !== 0) throw new ShapeError(`attention: ${features} features do not divide into ${heads} heads`);
  const scale = (features / heads) ** -0.5;
  if (!mask && q.shape[0] * heads * q.shape[1] * k.shape[1] > graph.keptScores) return graph.attention(q, k, v, { heads, scale });
  const [queries, keys, values] = [q, k, v].map((x) => splitHeads(graph, x, heads));
  const scores = graph.matmul(queries, keys, { transposeB: true, alpha: scale });
  const attended = softmaxProduct(graph, mask ? graph.add(scores, mask) : scores, values);
  return joinHeads(graph, attended);
}

/** Additive mask [length, length] that hides later positions. */
export function causalMask(graph: Graph, length: number): Tensor {
  const mask = new Float32Array(length * length);
  for (let query = 0; query < length; query++) mask.fill(-1e9, query * length + query + 1, (query + 1) * length);
  return graph.constant(mask, [length, length]);
}

export interface AttentionOptions {
  readonly heads: number;
  readonly innerFeatures: number;
  /** Whether queries, keys and values have a bias; the output projection always has one. */
  readonly bias: boolean;
}

/** diffusers' Attention: `to_q`, `to_k`, `to_v`, `to_out.0`. It is self-attention if context is x. */
export function attention(scope: Scope, x: Tensor, context: Tensor, { heads, innerFeatures, bias }: AttentionOptions): Tensor {
  const q = linear(scope.child('to_q'), x, innerFeatures, { bias });
  const k = linear(scope.child('to_k'), context, innerFeatures, { bias });
  const v = linear(scope.child('to_v'), context, innerFeatures, { bias });
  return linear(scope.child('to_out', 0), multiHeadAttention(scope.graph, q, k, v, heads), x.shape.at(-1)!);
}

/** [n, c, h, w] -> [n, h * w, c] */
export function toSequence(graph: Graph, x: Tensor): Tensor {
  const [n, channels, height, width] = x.shape;
  return graph.transpose(graph.reshape(x, [n, channels, height * width]), [0, 2, 1]);
}

/** [n, h * w, c] -> [n, c, h, w] */
export function toImage(graph: Graph, x: Tensor, height: number, width: number): Tensor {
  const [n, , channels] = x.shape;
  return graph.reshape(graph.transpose(x, [0, 2, 1]), [n, channels, height, width]);
}

/** Attention over the positions of an image with one head, a group norm of its own and a residual. */
export function spatialAttention(scope: Scope, x: Tensor, groups: number, epsilon: number): Tensor {
  const { graph } = scope;
  const [, channels, height, width] = x.shape;
  const sequence = toSequence(graph, groupNorm(scope.child('group_norm'), x, groups, epsilon));
  const attended = attention(scope, sequence, sequence, { heads: 1, innerFeatures: channels, bias: true });
  return graph.add(toImage(graph, attended, height, width), x);
}
