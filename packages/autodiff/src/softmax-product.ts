// softmax(scores) @ values with a custom gradient, which bypasses that of the softmax.
import { type Graph, type OwnGradientContext } from './graph.ts';
import { type Tensor } from './tensor.ts';

/**
 * Appends a last column of -1 to the values, and the row sums of dy * output to the gradients: the product dy1 v1' is then
 * dy v' - rowsum(dy output).
 */
export function withRowSums(graph: Graph, v: Tensor, output: Tensor, dy: Tensor): { v1: Tensor; dy1: Tensor } {
  const last = v.shape.length - 1;
  return {
    v1: graph.concat([v, graph.broadcastTo(graph.scalar(-1), [...v.shape.slice(0, last), 1])], last),
    dy1: graph.concat([dy, graph.reduceSum(graph.mul(dy, output), [-1], true)], last),
  };
}

/** With P = softmax(S): dS = P (dy v' - rowsum(dy output)), dv = P' dy (as in arXiv 2205.14135). */
function gradient({ graph, operands: [, values], saved: [weights], output, dy, needs }: OwnGradientContext): (Tensor | null)[] {
  const { v1, dy1 } = withRowSums(graph, values, output, dy);
  return [
    needs[0] ? graph.mul(weights, graph.matmul(dy1, v1, { transposeB: true })) : null,
    needs[1] ? graph.matmul(weights, dy, { transposeA: true }) : null,
  ];
}

/** softmax(scores [..., queries, keys]) @ values [..., keys, d]; the weights are kept for the backward pass. */
export function softmaxProduct(graph: Graph, scores: Tensor, values: Tensor): Tensor {
  const weights = graph.softmax(scores);
  return graph.withOwnGradient(graph.matmul(weights, values), { operands: [scores, values], saved: [weights], rule: gradient });
}
