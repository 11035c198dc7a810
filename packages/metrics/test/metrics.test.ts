// FID, KID and CLIP score against the reference numbers and known values.
import { readFile } from 'node:fs/promises';
import { SafetensorsReader } from '@styleforge/weights';
import { describe, expect, it } from 'vitest';
import { clipScore, features, frechetDistance, fullKernelDistance, kernelDistance, type Features } from '../src/index.ts';
import { gemm } from '@styleforge/runtime';
import { choleskyFactor, nuclearNorm } from '../src/linear-algebra/linear-algebra.ts';
import { matrix, transposed } from '../src/linear-algebra/matrices.ts';

const golden = new URL('../../../test/golden/', import.meta.url).pathname;
const reference = JSON.parse(await readFile(`${golden}metrics.json`, 'utf8')) as {
  cases: { case: number; fid: number; kid_unbiased_full: number }[];
};

/** The same three cases with numpy.linalg.svd of the centered features' product in float64. */
const bySingularValues = [0.5193318889399041, 13.984409177788407, 137.14598560836873];

/** Deterministic numbers with a roughly normal distribution. */
function noise(length: number, seed: number): Float64Array {
  let state = seed;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Float64Array.from({ length }, () => uniform() + uniform() + uniform() + uniform() - 2);
}

async function readCase(index: number): Promise<[Features, Features]> {
  const reader = await SafetensorsReader.open(`${golden}metrics-features.safetensors`);
  const read = async (name: string) => features(await reader.read(name), reader.info(name).shape[1]!);
  const pair: [Features, Features] = [await read(`${index}.x`), await read(`${index}.y`)];
  await reader.close();
  return pair;
}

describe.each(reference.cases)('reference case $case', ({ case: index, fid, kid_unbiased_full: kid }) => {
  it('FID', async () => {
    const [x, y] = await readCase(index);
    // The reference takes roots of eigenvalues that should be zero, which costs it precision if n < d.
    const distance = await frechetDistance(x, y);
    expect(Math.abs(distance - fid)).toBeLessThan(1e-5);
    expect(Math.abs(distance - bySingularValues[index]!)).toBeLessThan(1e-9);
    expect(await frechetDistance(y, x)).toBeCloseTo(distance, 9);
  });

  it('KID of everything', async () => {
    expect(Math.abs((await fullKernelDistance(...(await readCase(index)))) - kid)).toBeLessThan(1e-12);
  });
});

describe('FID', () => {
  it('is the squared distance of the means if the covariances are equal', async () => {
    const x = features(noise(300 * 8, 1), 8);
    const shifted = features(
      (x.data as Float64Array).map((value, i) => value + (i % 8)),
      8,
    );
    expect(await frechetDistance(x, shifted)).toBeCloseTo(0 + 1 + 4 + 9 + 16 + 25 + 36 + 49, 9);
    expect(await frechetDistance(x, x)).toBeLessThan(1e-9);
  });

  it('has the closed form of independent dimensions: the squared difference of the deviations', async () => {
    const x = features(Float64Array.of(1, 0, -1, 0, 0, 2, 0, -2), 2);
    const y = features(Float64Array.of(3, 0, -3, 0, 0, 1, 0, -1), 2);
    const expected = (Math.sqrt(2 / 3) - Math.sqrt(18 / 3)) ** 2 + (Math.sqrt(8 / 3) - Math.sqrt(2 / 3)) ** 2;
    expect(await frechetDistance(x, y)).toBeCloseTo(expected, 12);
  });

  it('is the same for many and few images: a repeated set, rescaled, has the covariance of the set', async () => {
    const few = noise(6 * 9, 3);
    const other = noise(7 * 9, 4);
    const distance = await frechetDistance(features(few, 9), features(other, 9));
    const repeat = (data: Float64Array, times: number) =>
      Float64Array.from({ length: data.length * times }, (_, i) => data[i % data.length]!);
    // Scaling the deviations restores the covariance, so both paths through the code must give the same value.
    const rescaled = (data: Float64Array, n: number, times: number) => {
      const center = Array.from({ length: 9 }, (_, i) => data.reduce((sum, value, k) => (k % 9 === i ? sum + value / n : sum), 0));
      const scale = Math.sqrt((times * n - 1) / (times * (n - 1)));
      return repeat(data, times).map((value, k) => center[k % 9]! + (value - center[k % 9]!) * scale);
    };
    const many = await frechetDistance(features(rescaled(few, 6, 2), 9), features(rescaled(other, 7, 3), 9));
    expect(many).toBeCloseTo(distance, 9);
  });

  it('refuses sets that cannot be compared', async () => {
    await expect(frechetDistance(features(noise(8, 1), 4), features(noise(6, 1), 3))).rejects.toThrow(/4 and 3 dimensions/);
    await expect(frechetDistance(features(noise(4, 1), 4), features(noise(8, 1), 4))).rejects.toThrow(/at least 2 images/);
    expect(() => features(Float32Array.of(1, NaN), 1)).toThrow(/finite/);
    expect(() => features(noise(7, 1), 2)).toThrow(/rows of 2/);
  });
});

describe('KID', () => {
  it('uses seeded subsets, never larger than the smaller set', async () => {
    const [x, y] = [features(noise(60 * 5, 1), 5), features(noise(40 * 5, 2), 5)];
    const result = await kernelDistance(x, y, { subsets: 20, subsetSize: 30, seed: 7 });
    expect(result).toEqual(await kernelDistance(x, y, { subsets: 20, subsetSize: 30, seed: 7 }));
    expect(result.mean).not.toBe((await kernelDistance(x, y, { subsets: 20, subsetSize: 30, seed: 8 })).mean);
    expect(result.standardDeviation).toBeGreaterThan(0);
    expect((await kernelDistance(x, y)).subsetSize).toBe(40);
  });

  it('is the full estimate if every subset is the whole set', async () => {
    const [x, y] = [features(noise(30 * 5, 1), 5), features(noise(30 * 5, 2), 5)];
    const { mean, standardDeviation } = await kernelDistance(x, y, { subsets: 3 });
    expect(mean).toBeCloseTo(await fullKernelDistance(x, y), 12);
    expect(standardDeviation).toBeLessThan(1e-12);
  });

  it('of large sets uses products in float32, and agrees with float64', async () => {
    const [x, y] = [
      features(Float32Array.from(noise(4100 * 24, 1)), 24),
      features(
        Float32Array.from(noise(4100 * 24, 2), (v) => v + 0.1),
        24,
      ),
    ];
    const { mean } = await kernelDistance(x, y, { subsets: 1, subsetSize: 4100 });
    const exact = await fullKernelDistance(x, y);
    expect(exact).toBeGreaterThan(1e-3);
    expect(Math.abs(mean - exact)).toBeLessThan(1e-7);
  });

  it('is near zero for samples of one distribution and large for samples of two', async () => {
    const draw = (seed: number, shift: number) =>
      features(
        noise(200 * 6, seed).map((value) => value + shift),
        6,
      );
    expect(Math.abs((await kernelDistance(draw(1, 0), draw(2, 0))).mean)).toBeLessThan(0.01);
    expect((await kernelDistance(draw(1, 0), draw(2, 1))).mean).toBeGreaterThan(0.5);
  });
});

describe('CLIP score', () => {
  it('averages cosines and clamps after the mean', () => {
    const images = features(Float32Array.of(2, 0, 0, 3), 2);
    expect(clipScore(images, features(Float32Array.of(5, 0, 0, 7), 2))).toBeCloseTo(100, 12);
    expect(clipScore(images, features(Float32Array.of(1, 1, -1, 0), 2))).toBeCloseTo((100 * Math.SQRT1_2) / 2, 10);
    expect(clipScore(images, features(Float32Array.of(-1, 0, 0, 0.5), 2))).toBe(0);
    expect(clipScore(images, features(Float32Array.of(-1, 0, 1, 0), 2))).toBe(0);
    expect(() => clipScore(images, features(Float32Array.of(1, 1), 2))).toThrow(/make no pairs/);
    expect(() => clipScore(images, features(Float32Array.of(0, 0, 1, 1), 2))).toThrow(/length zero/);
  });
});

describe('linear algebra', () => {
  it.each([
    [5, 5],
    [9, 4],
    [4, 9],
    [1, 6],
    [60, 40],
  ])('sums the singular values of a %i x %i matrix', async (rows, columns) => {
    const a = { data: noise(rows * columns, 11), rows, columns };
    // A matrix times its own transpose is positive semidefinite, so its singular values add up to its trace.
    const gram = await gemm(a, a, { transposeB: true });
    const trace = Array.from({ length: rows }, (_, i) => gram.data[i * rows + i]!).reduce((sum, value) => sum + value, 0);
    expect(await nuclearNorm(gram)).toBeCloseTo(trace, 9);
    expect(await nuclearNorm(a)).toBeCloseTo(await nuclearNorm(transposed(a)), 9);
  });

  it('handles diagonal, rank one and zero matrices', async () => {
    const diagonal = matrix(3, 3);
    [3, -2, 1e-9].forEach((value, i) => (diagonal.data[i * 4] = value));
    expect(await nuclearNorm(diagonal)).toBeCloseTo(5 + 1e-9, 14);
    const rankOne = { data: Float64Array.of(3, 4, 6, 8), rows: 2, columns: 2 };
    expect(await nuclearNorm(rankOne)).toBeCloseTo(Math.sqrt(125), 12);
    expect(await nuclearNorm(matrix(4, 3))).toBe(0);
  });

  it('factors a singular covariance with as many rows as its rank', async () => {
    const thin = { data: noise(3 * 7, 5), rows: 7, columns: 3 };
    const symmetric = await gemm(thin, thin, { transposeB: true });
    const factor = await choleskyFactor(symmetric);
    expect(factor.rows).toBe(3);
    const columns = transposed(factor);
    const back = await gemm(columns, columns, { transposeB: true });
    for (const [i, value] of back.data.entries()) expect(value).toBeCloseTo(symmetric.data[i]!, 12);
  });
});
