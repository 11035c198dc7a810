// The kernel of KID, k(x, y) = (x.y / d + 1)^3, between whole sets.
import { gemm, type Matrix } from '@styleforge/runtime';
import type { Features } from './features.ts';
import { matrix } from '../linear-algebra/matrices.ts';

/** Rows of features in float64: those in `rows`, or all. */
export function selectRows({ data, count, dimension }: Features, rows?: ArrayLike<number>): Matrix {
  if (!rows) return { data: Float64Array.from(data), rows: count, columns: dimension };
  const selected = matrix(rows.length, dimension);
  for (let i = 0; i < rows.length; i++) selected.data.set(data.subarray(rows[i] * dimension, (rows[i] + 1) * dimension), i * dimension);
  return selected;
}

export async function kernel(a: Matrix, b: Matrix): Promise<Matrix> {
  const products = await gemm(a, b, { transposeB: true });
  const { data } = products;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] / a.columns + 1;
    data[i] = value * value * value;
  }
  return products;
}

export interface Kernels {
  readonly xx: Matrix;
  readonly yy: Matrix;
  readonly xy: Matrix;
}

export async function kernels(x: Matrix, y: Matrix): Promise<Kernels> {
  return { xx: await kernel(x, x), yy: await kernel(y, y), xy: await kernel(x, y) };
}
