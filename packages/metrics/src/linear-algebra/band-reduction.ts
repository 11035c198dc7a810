// First stage of the singular values: reduces a dense matrix to an upper banded one, by Householder reflections combined in matrix
// products.
import { gemm, type Matrix } from '@styleforge/runtime';
import { columnsOf, rowsOf, transposed } from './matrices.ts';
import { blockSize, type Reflected, reflectRows } from './reflections.ts';

/** An upper banded square matrix: row i contains columns i - 1 to i + bandwidth + 1, including space for the fill-in of rotations. */
export interface Band {
  readonly data: Float64Array;
  readonly size: number;
  /** Superdiagonals. */
  readonly bandwidth: number;
}

export const bandStride = (bandwidth: number): number => bandwidth + 3;

/** transpose(Q) C = C - transpose(V) transpose(T) V C, in place. */
async function applyLeft({ v, t }: Reflected, c: Matrix): Promise<Matrix> {
  return gemm(v, await gemm(t, await gemm(v, c), { transposeA: true }), { transposeA: true, alpha: -1, addTo: c });
}

/** C Q = C - C transpose(V) T V, in place. */
async function applyRight({ v, t }: Reflected, c: Matrix): Promise<Matrix> {
  return gemm(await gemm(await gemm(c, v, { transposeB: true }), t), v, { alpha: -1, addTo: c });
}

/** Reduces a matrix and keeps its singular values. It must have at least as many rows as columns. */
export async function reduceToBand(a: Matrix): Promise<Band> {
  const size = a.columns;
  const bandwidth = Math.min(blockSize, Math.max(size - 1, 1));
  const band: Band = { data: new Float64Array(size * bandStride(bandwidth)), size, bandwidth };
  const put = (row: number, column: number, value: number): void => {
    if (column < size) band.data[row * bandStride(bandwidth) + column - row + 1] = value;
  };
  let rest = a;
  for (let first = 0; first < size; first += bandwidth) {
    const width = Math.min(bandwidth, size - first);
    const left = reflectRows(transposed(columnsOf(rest, 0, width)));
    for (let i = 0; i < width; i++) for (let j = i; j < width; j++) put(first + i, first + j, left.triangle.data[j * width + i]);
    if (first + width === size) break;
    const trailing = await applyLeft(left, columnsOf(rest, width, rest.columns));
    const right = reflectRows({ ...rowsOf(trailing, 0, width), data: trailing.data.slice(0, width * trailing.columns) });
    for (let i = 0; i < width; i++) for (let j = 0; j <= i; j++) put(first + i, first + width + j, right.triangle.data[i * width + j]);
    rest = await applyRight(right, rowsOf(trailing, width, trailing.rows));
  }
  return band;
}
