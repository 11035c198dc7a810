// Rounding of the processor's sums, means and normalizations over many values, beside the same in float64.
import { Graph, gradients, type Tensor } from '@styleforge/autodiff';
import { Program } from '@styleforge/runtime';
import { describe, expect, it } from 'vitest';

/** Values around a mean that is larger than their deviation, the same in every run. */
const values = (count: number): Float32Array => {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 1.5 + state / 2 ** 31 - 1;
  });
};

async function run(graph: Graph, results: Record<string, Tensor>, x: Float32Array): Promise<Record<string, Float32Array>> {
  const program = await Program.compile(graph, results);
  try {
    return await program.run({ x });
  } finally {
    await program.release();
  }
}

/** Largest relative difference. */
const distance = (ours: Float32Array, exact: readonly number[]): number =>
  Math.max(...exact.map((value, i) => Math.abs(ours[i] - value) / Math.abs(value)));

function exactSums(x: Float32Array, { outer, length, inner }: Record<'outer' | 'length' | 'inner', number>): number[] {
  return Array.from({ length: inner }, (_, column) => {
    let sum = 0;
    for (let i = 0; i < outer * length; i++) sum += x[i * inner + column];
    return sum;
  });
}

describe('on the processor', () => {
  it.each([
    { shape: [8192, 16], axes: [0], outer: 1, length: 8192, inner: 16 },
    { shape: [2, 4096, 16], axes: [0, 1], outer: 2, length: 4096, inner: 16 },
    { shape: [2, 64, 64, 4], axes: [0, 1, 2], outer: 2, length: 4096, inner: 4 },
  ])('sums and means of $shape over $axes are within two roundings', async ({ shape, axes, ...sizes }) => {
    const graph = new Graph();
    const x = values(sizes.outer * sizes.length * sizes.inner);
    const input = graph.input('x', shape);
    const outputs = { sum: graph.reduceSum(input, axes), mean: graph.reduceMean(input, axes, true) };
    const { sum, mean } = await run(graph, outputs, x);
    const exact = exactSums(x, sizes);
    expect(distance(sum, exact)).toBeLessThan(2.4e-7);
    const count = sizes.outer * sizes.length;
    const means = exact.map((total) => total / count);
    expect(distance(mean, means)).toBeLessThan(2.4e-7);
  });

  it('a length without divisors is summed as well', async () => {
    const graph = new Graph();
    const x = values(4099);
    const { sum } = await run(graph, { sum: graph.reduceSum(graph.input('x', [4099]), [0]) }, x);
    expect(distance(sum, exactSums(x, { outer: 1, length: 4099, inner: 1 }))).toBeLessThan(5e-6);
  });

  it.each([640, 40960])('a normalization of %i values and its gradient are exact to a few roundings', async (length) => {
    const graph = new Graph();
    const input = graph.input('x', [2, length]);
    const y = graph.standardize(input, 1e-5);
    const weights = graph.constant(values(2 * length).reverse(), [2, length]);
    const [dx] = gradients(graph, graph.reduceSum(graph.mul(y, weights), [0, 1]), [input]);
    const [x, w] = [values(2 * length), values(2 * length).reverse()];
    const results = await run(graph, { y, dx }, x);
    const exact = [0, 1].map((row) =>
      standardized(x.subarray(row * length, (row + 1) * length), w.subarray(row * length, (row + 1) * length)),
    );
    const rms = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    for (const [name, most] of [
      ['y', 2e-7],
      ['dx', 6e-7],
    ] as const) {
      const all = exact.flatMap((row) => row[name]);
      const errors = all.map((value, i) => results[name][i] - value);
      expect(rms(errors) / rms(all), name).toBeLessThan(most);
    }
  });
});

/** (x - mean) r, and the gradient of its product with w, in float64. */
function standardized(x: Float32Array, w: Float32Array): Record<'y' | 'dx', number[]> {
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const center = mean([...x]);
  const r = 1 / Math.sqrt(mean([...x].map((value) => (value - center) ** 2)) + 1e-5);
  const y = [...x].map((value) => (value - center) * r);
  const [first, second] = [mean([...w]), mean(y.map((value, i) => value * w[i]))];
  return { y, dx: y.map((value, i) => r * (w[i] - first - value * second)) };
}
