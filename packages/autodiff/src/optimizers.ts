// Optimizer updates as graphs over flat blocks of parameters, so that one small graph serves every model.
import { Graph } from './graph.ts';
import { type Tensor } from './tensor.ts';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export interface AdamWGraph {
  readonly graph: Graph;
  /** Updated blocks, in the order weight, firstMoment, secondMoment; each may be written over its input. */
  readonly outputs: { readonly weight: Tensor; readonly firstMoment: Tensor; readonly secondMoment: Tensor };
}

/**
 * AdamW with decoupled weight decay and bias correction (arXiv 1711.05101, in torch.optim.AdamW's order of operations)
 * over blocks of `length` elements. Inputs: weight, gradient, firstMoment, secondMoment [length]; scalars
 * gradientScale (clipping, accumulation), decay = 1 - lr * weightDecay, stepSize = lr / (1 - beta1^t) and
 * secondCorrection = 1 / sqrt(1 - beta2^t).
 */
export function adamWGraph(length: number, { beta1, beta2, epsilon }: AdamWOptions): AdamWGraph {
  const graph = new Graph();
  const [weight, gradient, first, second] = ['weight', 'gradient', 'firstMoment', 'secondMoment'].map((name) => graph.input(name, [length]));
  const [gradientScale, decay, stepSize, secondCorrection] =
    ['gradientScale', 'decay', 'stepSize', 'secondCorrection'].map((name) => graph.input(name, []));
  const g = graph.mul(gradient, gradientScale);
  const firstMoment = graph.add(first, graph.mul(graph.sub(g, first), 1 - beta1));
  const secondMoment = graph.add(graph.mul(second, beta2), graph.mul(graph.square(g), 1 - beta2));
  const denominator = graph.add(graph.mul(graph.sqrt(secondMoment), secondCorrection), epsilon);
  const update = graph.mul(graph.div(firstMoment, denominator), stepSize);
  return { graph, outputs: { weight: graph.sub(graph.mul(weight, decay), update), firstMoment, secondMoment } };
}
