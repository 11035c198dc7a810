// Compares reverse-mode gradients with central differences of the same graph.
import { elementCount, gradients, Graph, type Tensor } from '@styleforge/autodiff';
import type { HostArray } from '@styleforge/runtime';

export interface GradientCheckCase {
  /** Shapes of the differentiable operands. */
  readonly shapes: readonly (readonly number[])[];
  readonly build: (graph: Graph, operands: Tensor[]) => Tensor;
  /**
   * Maps a uniform number in [-1, 1) to an operand's value, to avoid points where logarithms, roots and kinks have no accurate difference.
   */
  readonly domain?: (u: number) => number;
  /** Additional inputs, without gradients. */
  readonly feeds?: Readonly<Record<string, HostArray>>;
}

export interface GradientCheckResult {
  readonly analytic: number;
  readonly numeric: number;
  readonly relativeError: number;
}

/** A deterministic generator (mulberry32) of numbers in [-1, 1). */
function uniformSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

const STEP = 2e-2;
/** Offsets and weights of the fourth-order central difference: (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h. */
const STENCIL = [
  [1, 8],
  [-1, -8],
  [2, -1],
  [-2, 1],
] as const;

/**
 * The derivative of sum(result * weights) along a random direction for each operand, from the gradient graph and from differences. Sums
 * are float64; only the graph itself runs in float32.
 */
export async function checkGradients({ shapes, build, domain = (u) => u, feeds = {} }: GradientCheckCase): Promise<GradientCheckResult[]> {
  const random = uniformSource(7);
  const graph = new Graph();
  const operands = shapes.map((shape, i) => graph.input(`operand${i}`, shape));
  const result = build(graph, operands);
  const weights = graph.input('weights', result.shape);
  const loss = graph.reduceSum(graph.reshape(graph.mul(result, weights), [elementCount(result.shape)]), [0]);
  const outputs = Object.fromEntries([
    ['result', result],
    ...gradients(graph, loss, operands).map((gradient, i) => [`gradient${i}`, gradient]),
  ] as [string, Tensor][]);
  // Most tests that import this package do not need onnxruntime.
  const { Program } = await import('@styleforge/runtime');
  const program = await Program.compile(graph, outputs);
  const fill = (count: number, map: (u: number) => number): Float32Array => Float32Array.from({ length: count }, () => map(random()));
  const cotangent = fill(elementCount(result.shape), (u) => u);
  const values = shapes.map((shape) => fill(elementCount(shape), domain));
  const run = async (points: readonly Float32Array[]) =>
    program.run({ ...feeds, weights: cotangent, ...Object.fromEntries(points.map((point, i) => [`operand${i}`, point])) });
  const dot = (a: Float32Array, b: Float32Array | Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const base = await run(values);
  const results: GradientCheckResult[] = [];
  for (const [i, value] of values.entries()) {
    const direction = fill(value.length, (u) => u);
    let numeric = 0;
    for (const [steps, coefficient] of STENCIL) {
      const moved = value.map((v, j) => v + steps * STEP * direction[j]);
      const output = await run(values.map((other, j) => (j === i ? moved : other)));
      numeric += (coefficient * dot(output.result, cotangent)) / (12 * STEP);
    }
    const gradient = base[`gradient${i}`];
    const analytic = dot(gradient, direction);
    const scale = Math.max(Math.abs(numeric), Math.sqrt(dot(gradient, gradient)), 1e-6);
    results.push({ analytic, numeric, relativeError: Math.abs(analytic - numeric) / scale });
  }
  await program.release();
  return results;
}
