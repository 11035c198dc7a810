// Matrix products in the form in which a device computes them fastest.
import { lastTwoSwapped } from '@styleforge/autodiff';
import { type Expansion } from './lowering.ts';

/**
 * Replaces a' b for a narrow b by (b' a)', so that b is transposed instead of a. If b has fewer than `columns` columns, copying a
 * transposed a costs more than the product itself.
 */
export function narrowProducts(columns: number): Expansion<'matmul'> {
  return (graph, { attributes: { transposeA, transposeB, alpha } }, [a, b]) => {
    const rank = b.shape.length;
    if (!transposeA || transposeB || rank < 3 || b.shape[rank - 1] >= columns) return null;
    return [graph.transpose(graph.matmul(b, a, { transposeA: true, alpha }), lastTwoSwapped(rank))];
  };
}
