// Eigenvalues of symmetric matrices, and the FID that is computed from them.
import { randomNormals } from '@styleforge/diffusion';
import { gemm, type Matrix } from '@styleforge/runtime';
import { describe, expect, it } from 'vitest';
import { features, frechetDistance } from '../src/index.ts';
import { nuclearNorm } from '../src/linear-algebra/linear-algebra.ts';
import { matrix, transposed } from '../src/linear-algebra/matrices.ts';
import { symmetricEigenvalues } from '../src/linear-algebra/symmetric-eigenvalues.ts';

const noise = (count: number, step: number): Float64Array =>
  Float64Array.from(randomNormals({ seed: 3, step, purpose: 'eigenvalues' }, count));

function symmetricOf(size: number, rank: number): Promise<Matrix> {
  const thin = { data: noise(size * rank, size), rows: size, columns: rank };
  const signed = { ...thin, data: thin.data.map((value, i) => ((i % rank) % 3 === 0 ? -value : value)) };
  return gemm(thin, signed, { transposeB: true });
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

describe('eigenvalues of a symmetric matrix', () => {
  it.each([
    [1, 1],
    [2, 2],
    [5, 5],
    [33, 33],
    [70, 70],
    [97, 40],
    [130, 130],
  ])('have the sums of powers of the matrix: %i rows of rank %i', async (size, rank) => {
    const a = await symmetricOf(size, rank);
    const cube = await gemm(await gemm(a, a), a);
    const trace = ({ data }: Matrix): number => sum(Array.from({ length: size }, (_, i) => data[i * size + i]!));
    const values = await symmetricEigenvalues({ ...a, data: a.data.slice() });
    const norm = Math.sqrt(sum(a.data.map((value) => value ** 2)));
    expect(sum(values) / norm).toBeCloseTo(trace(a) / norm, 11);
    expect(sum(values.map((value) => value ** 2)) / norm ** 2).toBeCloseTo(1, 11);
    expect(sum(values.map((value) => value ** 3)) / norm ** 3).toBeCloseTo(trace(cube) / norm ** 3, 11);
    expect(sum(values.map(Math.abs)) / norm).toBeCloseTo((await nuclearNorm(a)) / norm, 6);
    expect(values.filter((value) => Math.abs(value) > norm * 1e-12)).toHaveLength(rank);
  });

  it('are those of diagonal and of zero matrices', async () => {
    const diagonal = matrix(40, 40);
    for (let i = 0; i < 40; i++) diagonal.data[i * 41] = i - 20;
    expect([...(await symmetricEigenvalues(diagonal))].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i - 20));
    expect(await symmetricEigenvalues(matrix(3, 3))).toEqual(new Float64Array(3));
  });
});

describe('FID of scaled features', () => {
  const dimension = 48;
  const count = 200;

  /** FID has a closed form for S2 = D S1 D with a diagonal D, since (S1 S2)^1/2 is then S1 D. */
  async function compare(scales: Float64Array): Promise<[measured: number, expected: number, variance: number]> {
    const mixing = { data: noise(dimension * dimension, 1), rows: dimension, columns: dimension };
    const { data } = await gemm({ data: noise(count * dimension, 2), rows: count, columns: dimension }, mixing);
    const scaled = data.map((value, i) => value * scales[i % dimension]!);
    const measured = await frechetDistance(features(data, dimension), features(scaled, dimension));
    let [expected, variance] = [0, 0];
    const columns = transposed({ data, rows: count, columns: dimension });
    for (let i = 0; i < dimension; i++) {
      const column = columns.data.subarray(i * count, (i + 1) * count);
      const mean = sum(column) / count;
      const spread = sum(column.map((value) => (value - mean) ** 2)) / (count - 1);
      expected += (mean * (1 - scales[i]!)) ** 2 + spread * (1 - scales[i]!) ** 2;
      variance += spread * (1 + scales[i]! ** 2);
    }
    return [measured, expected, variance];
  }

  it('is exact for scales between a half and two', async () => {
    const [measured, expected, variance] = await compare(Float64Array.from({ length: dimension }, (_, i) => 0.5 + (1.5 * i) / dimension));
    expect(measured / variance).toBeCloseTo(expected / variance, 12);
  });

  it('is exact where most dimensions of one set are tiny or zero, which roots of eigenvalues would blur', async () => {
    const scales = Float64Array.from({ length: dimension }, (_, i) => (i % 4 === 0 ? 1 : i % 4 === 1 ? 0 : 10 ** -(3 + (i % 3))));
    const [measured, expected, variance] = await compare(scales);
    expect(measured / variance).toBeCloseTo(expected / variance, 10);
  });
});
