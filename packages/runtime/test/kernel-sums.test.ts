// KID's kernel of subsets, computed in other threads.
import { KernelSums } from '@styleforge/runtime';
import { afterAll, expect, it } from 'vitest';
import { OnnxRuntimeError } from '../src/native/api.ts';

const [dimension, size] = [7, 150];
const set = (count: number, frequency: number) => ({
  data: Float32Array.from({ length: count * dimension }, (_, i) => Math.sin(1 + i * frequency)),
  count,
});
const [x, y] = [set(400, 0.7), set(300, 1.3)];
const sums = new KernelSums(x, y, { dimension, size });
afterAll(() => sums.release());

const rows = (first: number, stride: number): Int32Array => Int32Array.from({ length: size }, (_, i) => first + i * stride);
const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

/** The sum of the kernel of all pairs, in float64. */
function expected(a: typeof x, aRows: Int32Array, b: typeof x, bRows: Int32Array): number {
  let sum = 0;
  for (const i of aRows) {
    for (const j of bRows) {
      let product = 0;
      for (let k = 0; k < dimension; k++) product += a.data[i * dimension + k] * b.data[j * dimension + k];
      sum += (product / dimension + 1) ** 3;
    }
  }
  return sum;
}

it('adds up the kernels of several subsets at the same time', async () => {
  const subsets = [0, 1, 2, 3].map((first) => [rows(first, 2), rows(2 * first, 1)] as const);
  const results = await Promise.all(subsets.map(([a, b]) => sums.run(a, b)));
  for (const [i, [a, b]] of subsets.entries()) {
    const relative = (got: Float32Array, wanted: number): number => Math.abs(total(got) / wanted - 1);
    expect(relative(results[i].xx, expected(x, a, x, a))).toBeLessThan(1e-6);
    expect(relative(results[i].yy, expected(y, b, y, b))).toBeLessThan(1e-6);
    expect(relative(results[i].xy, expected(x, a, y, b))).toBeLessThan(1e-6);
  }
});

it('throws for a row that a set lacks, and computes the next subset', async () => {
  const wrong = sums.run(rows(0, 3), rows(0, 1));
  const right = sums.run(rows(0, 2), rows(0, 1));
  await expect(wrong).rejects.toThrow(OnnxRuntimeError);
  expect(total((await right).xy)).toBeGreaterThan(0);
});
