// Rearrangements of axes that matrix products and attention need.
import { type Graph } from './graph.ts';
import { type Tensor } from './tensor.ts';

/** The permutation of axes that transposes matrices in a tensor of this rank. */
export function lastTwoSwapped(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
}

/** [batch, length, heads * d] -> [batch, heads, length, d] */
export function splitHeads(graph: Graph, x: Tensor, heads: number): Tensor {
  const [batch, length, features] = x.shape;
  return graph.transpose(graph.reshape(x, [batch, length, heads, features / heads]), [0, 2, 1, 3]);
}

/** [batch, heads, length, d] -> [batch, length, heads * d] */
export function joinHeads(graph: Graph, x: Tensor): Tensor {
  const [batch, heads, length, features] = x.shape;
  return graph.reshape(graph.transpose(x, [0, 2, 1, 3]), [batch, length, heads * features]);
}
