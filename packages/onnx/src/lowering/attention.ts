// The gradient of attention, computed a few heads at a time so that no more scores than those exist at once (as in arXiv 2205.14135).
import { joinHeads, splitHeads, withRowSums, type Graph, type Tensor } from '@styleforge/autodiff';
import { type Expansion } from './lowering.ts';

/** Operands by head: [batch * heads, length, d]. */
interface Heads {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v1: Tensor;
  readonly dy1: Tensor;
  readonly dy: Tensor;
}

/**
 * With P = softmax(scale q k'): dv = P' dy, dS = P (dy v' - rowsum(dy output)), dq = scale dS k, dk = scale dS' q.
 * The three gradients come as one tensor of rows, so that all that needs P runs before the next heads' turn.
 */
function gradientRows(graph: Graph, { q, k, v1, dy1, dy }: Heads, scale: number): Tensor {
  const weights = graph.softmax(graph.matmul(q, k, { transposeB: true, alpha: scale }));
  const dScores = graph.mul(weights, graph.matmul(dy1, v1, { transposeB: true }));
  return graph.concat(
    [
      graph.matmul(dScores, k, { alpha: scale }),
      graph.matmul(dScores, q, { transposeA: true, alpha: scale }),
      graph.matmul(weights, dy, { transposeA: true }),
    ],
    1,
  );
}

/** The expansion that works on as many heads together as have `scores` scores, at least on one. */
export function attentionGradientByHeads(scores: number): Expansion<'attentionGradient'> {
  return (graph, { attributes: { heads, scale } }, inputs) => {
    const flat = (tensor: Tensor): Tensor => {
      const [batch, length, width] = tensor.shape;
      return graph.reshape(splitHeads(graph, tensor, heads), [batch * heads, length, width / heads]);
    };
    const [q, k, v, output, dy] = inputs.map(flat);
    const [count, queries] = q.shape;
    const keys = k.shape[1];
    const all: Heads = { q, k, dy, ...withRowSums(graph, v, output, dy) };
    const together = Math.max(1, Math.floor(scores / (queries * keys)));
    const parts: Tensor[] = [];
    for (let start = 0; start < count; start += together) {
      const part = (x: Tensor): Tensor => graph.slice(x, 0, start, Math.min(count, start + together));
      parts.push(gradientRows(graph, { q: part(all.q), k: part(all.k), v1: part(all.v1), dy1: part(all.dy1), dy: part(all.dy) }, scale));
    }
    const rows = graph.concat(parts, 0);
    const bounds = [0, queries, queries + keys, queries + 2 * keys];
    return inputs.slice(0, 3).map((operand, i) => {
      const part = graph.slice(rows, 1, bounds[i], bounds[i + 1]);
      const [batch, length, width] = operand.shape;
      return joinHeads(graph, graph.reshape(part, [batch, heads, length, width / heads]));
    });
  };
}
