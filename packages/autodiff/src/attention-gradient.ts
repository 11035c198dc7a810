// Gradients of attention: with its weights kept, and computed again a few heads at a time (as in arXiv 2205.14135).
import { type Graph } from './graph.ts';
import { type GradientContext } from './gradient-rules.ts';
import { transposedProduct } from './products.ts';
import { type Tensor } from './tensor.ts';

/** Scores of the heads that are worked on together: a mebibyte of them stays in the cache. A head with more works alone. */
const MOST_SCORES = 2 ** 18;

/** [batch, length, heads * d] -> [batch * heads, length, d] */
function splitHeads(graph: Graph, x: Tensor, heads: number): Tensor {
  const [batch, length, width] = x.shape;
  const split = graph.transpose(graph.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  return graph.reshape(split, [batch * heads, length, width / heads]);
}

/** [batch * heads, length, d] -> [batch, length, heads * d] */
function joinHeads(graph: Graph, x: Tensor, { shape }: Tensor): Tensor {
  const [batch, length, width] = shape;
  const heads = x.shape[0] / batch;
  return graph.reshape(graph.transpose(graph.reshape(x, [batch, heads, length, width / heads]), [0, 2, 1, 3]), shape);
}

/** Values with a last column of -1, and gradients with the row sums of dy * output as their last: one product, dy1 v1', gives dy v' - rowsum(dy output). */
function withRowSums(graph: Graph, v: Tensor, output: Tensor, dy: Tensor): { v1: Tensor; dy1: Tensor } {
  const last = v.shape.length - 1;
  return {
    v1: graph.concat([v, graph.broadcastTo(graph.scalar(-1), [...v.shape.slice(0, last), 1])], last),
    dy1: graph.concat([dy, graph.reduceSum(graph.mul(dy, output), [-1], true)], last),
  };
}

/** With P = softmax(S): dS = P (dy v' - rowsum(dy output)), dv = P' dy. */
export function softmaxProductGradient({
  graph,
  inputs: [, weights, values],
  output,
  dy,
  needs,
}: GradientContext<'softmaxProduct'>): (Tensor | null)[] {
  const { v1, dy1 } = withRowSums(graph, values, output, dy);
  return [
    needs[0] ? graph.mul(weights, graph.matmul(dy1, v1, { transposeB: true })) : null,
    null,
    needs[2] ? transposedProduct(graph, weights, dy) : null,
  ];
}

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

export function attentionGradient({ graph, node, inputs: [q, k, v], output, dy }: GradientContext<'attention'>): Tensor[] {
  const { heads, scale } = node.attributes;
  const [qs, ks, vs, outputs, dys] = [q, k, v, output, dy].map((tensor) => splitHeads(graph, tensor, heads));
  const [count, queries] = qs.shape;
  const keys = ks.shape[1];
  const all: Heads = { q: qs, k: ks, dy: dys, ...withRowSums(graph, vs, outputs, dys) };
  const together = Math.max(1, Math.floor(MOST_SCORES / (queries * keys)));
  const parts: Tensor[] = [];
  for (let start = 0; start < count; start += together) {
    const part = (x: Tensor): Tensor => graph.slice(x, 0, start, Math.min(count, start + together));
    parts.push(gradientRows(graph, { q: part(all.q), k: part(all.k), v1: part(all.v1), dy1: part(all.dy1), dy: part(all.dy) }, scale));
  }
  const rows = graph.concat(parts, 0);
  const bounds = [0, queries, queries + keys, queries + 2 * keys];
  return [q, k, v].map((operand, i) => joinHeads(graph, graph.slice(rows, 1, bounds[i], bounds[i + 1]), operand));
}
