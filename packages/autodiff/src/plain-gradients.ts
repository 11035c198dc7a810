// Gradients of activations and normalizations as combinations of other operations, for devices that have no operation for them.
import { type Graph } from './graph.ts';
import { type Tensor } from './tensor.ts';

const INVERSE_SQRT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);

/** With y = x s(x): dy/dx = y + s (1 - y), where s is the logistic function. */
export function plainSiluGradient(graph: Graph, [x, y, dy]: readonly Tensor[]): Tensor {
  return graph.mul(dy, graph.add(y, graph.mul(graph.sigmoid(x), graph.sub(1, y))));
}

/** Phi(x) + x phi(x), where Phi and phi are the normal distribution and density (arXiv 1606.08415). */
export function plainGeluGradient(graph: Graph, [x, dy]: readonly Tensor[]): Tensor {
  const cdf = graph.mul(graph.add(graph.erf(graph.mul(x, Math.SQRT1_2)), 1), 0.5);
  const pdf = graph.mul(graph.exp(graph.mul(graph.square(x), -0.5)), INVERSE_SQRT_TWO_PI);
  return graph.mul(dy, graph.add(cdf, graph.mul(x, pdf)));
}

/**
 * dx = r (dy - mean(dy) - y mean(dy y)), where r is the inverse deviation and y the standardized x (layer normalization, arXiv 1607.06450).
 */
export function plainStandardizeGradient(graph: Graph, [y, r, dy]: readonly Tensor[]): Tensor {
  const centered = graph.sub(dy, graph.reduceMean(dy, [-1], true));
  const projection = graph.mul(y, graph.reduceMean(graph.mul(dy, y), [-1], true));
  return graph.mul(graph.sub(centered, projection), r);
}
