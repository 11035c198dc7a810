// Matrix products in the form in which they are fastest.
import { type Graph } from './graph.ts';
import { type Tensor } from './tensor.ts';

/** Below so many columns the copy of a transposed matrix costs more than the product itself. */
const NARROW = 32;

/** alpha * a' @ b: (a [..., n, rows], b [..., n, columns]) -> [..., rows, columns]; for a narrow b as (b' @ a)', so that it is b which is transposed. */
export function transposedProduct(graph: Graph, a: Tensor, b: Tensor, alpha = 1): Tensor {
  const rank = b.shape.length;
  if (rank < 3 || b.shape[rank - 1] >= NARROW) return graph.matmul(a, b, { transposeA: true, alpha });
  return graph.transpose(graph.matmul(b, a, { transposeA: true, alpha }), lastTwoSwapped(rank));
}

/** The permutation of axes that transposes matrices in a tensor of this rank. */
export function lastTwoSwapped(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
}
