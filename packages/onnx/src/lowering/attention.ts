// The gradient of attention, computed for a few heads at a time, so that only their scores are in memory (as in arXiv 2205.14135).
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

/** Flattens the operands to [batch * heads, length, d], and returns them with a function that reverses this. */
function byHead(graph: Graph, heads: number, inputs: readonly Tensor[]): Heads {
  const [q, k, v, output, dy] = inputs.map((tensor) => {
    const [batch, length, width] = tensor.shape;
    return graph.reshape(splitHeads(graph, tensor, heads), [batch * heads, length, width / heads]);
  });
  return { q, k, dy, ...withRowSums(graph, v, output, dy) };
}

function joined(graph: Graph, part: Tensor, { shape: [batch, length, width] }: Tensor, heads: number): Tensor {
  return joinHeads(graph, graph.reshape(part, [batch, heads, length, width / heads]));
}

/**
 * Gradients of attention. With P = softmax(scale q k'): dv = P' dy, dS = P (dy v' - rowsum(dy output)), dq = scale dS k, dk = scale dS' q.
 */
function gradientsOf(graph: Graph, { q, k, v1, dy1, dy }: Heads, scale: number): [Tensor, Tensor, Tensor] {
  const weights = graph.softmax(graph.matmul(q, k, { transposeB: true, alpha: scale }));
  const dScores = graph.mul(weights, graph.matmul(dy1, v1, { transposeB: true }));
  return [
    graph.matmul(dScores, k, { alpha: scale }),
    graph.matmul(dScores, q, { transposeA: true, alpha: scale }),
    graph.matmul(weights, dy, { transposeA: true }),
  ];
}

/** The expansion for devices whose memory holds the scores of all heads: each product is one batched product. */
export const attentionGradientAtOnce: Expansion<'attentionGradient'> = (graph, { attributes: { heads, scale } }, inputs) =>
  gradientsOf(graph, byHead(graph, heads, inputs), scale).map((part, i) => joined(graph, part, inputs[i], heads));

/** The expansion that processes heads in groups of at most `scores` scores, and of at least one head. */
export function attentionGradientByHeads(scores: number): Expansion<'attentionGradient'> {
  return (graph, { attributes: { heads, scale } }, inputs) => {
    const all = byHead(graph, heads, inputs);
    const [count, queries] = all.q.shape;
    const keys = all.k.shape[1];
    const together = Math.max(1, Math.floor(scores / (queries * keys)));
    const parts: Tensor[] = [];
    for (let start = 0; start < count; start += together) {
      const part = (x: Tensor): Tensor => graph.slice(x, 0, start, Math.min(count, start + together));
      const own = { q: part(all.q), k: part(all.k), v1: part(all.v1), dy1: part(all.dy1), dy: part(all.dy) };
      // One tensor of rows, so that everything that needs these scores runs before the next group of heads.
      parts.push(graph.concat(gradientsOf(graph, own, scale), 1));
    }
    const rows = graph.concat(parts, 0);
    const bounds = [0, queries, queries + keys, queries + 2 * keys];
    return inputs.slice(0, 3).map((operand, i) => {
      return joined(graph, graph.slice(rows, 1, bounds[i], bounds[i + 1]), operand, heads);
    });
  };
}
