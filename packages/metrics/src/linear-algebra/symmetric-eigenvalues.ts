// Eigenvalues of a dense symmetric matrix without eigenvectors: to a band by reflections in blocks, to a tridiagonal matrix by rotations,
// then QL.
import { gemm, type Matrix } from '@styleforge/runtime';
import { matrix, rowsOf } from './matrices.ts';
import { blockSize, type Reflected, reflectRows } from './reflections.ts';
import { rotate, tridiagonalEigenvalues } from './tridiagonal.ts';

/**
 * The lower half of a symmetric banded matrix. Row i contains columns i - bandwidth - 1 to i; the first is space for the fill-in of
 * rotations.
 */
interface SymmetricBand {
  readonly data: Float64Array;
  readonly size: number;
  readonly bandwidth: number;
}

const position = (bandwidth: number, row: number, column: number): number => (row + 1) * (bandwidth + 1) + column;

/** The matrix without its first `count` rows and columns, in the same memory. */
function shrink({ data, rows }: Matrix, count: number): Matrix {
  const size = rows - count;
  for (let i = 0; i < size; i++) data.copyWithin(i * size, (i + count) * rows + count, (i + count + 1) * rows);
  return { data: data.subarray(0, size * size), rows: size, columns: size };
}

/**
 * transpose(Q) A Q = A - Z V - transpose(Z V) for a symmetric A, in place, with W = A transpose(V) T and Z = W - transpose(V) transpose(T)
 * V W / 2.
 */
async function applyBothSides({ v, t }: Reflected, a: Matrix): Promise<void> {
  const w = await gemm(t, await gemm(v, a), { transposeA: true });
  const middle = await gemm(t, await gemm(v, w, { transposeB: true }), { transposeA: true });
  const z = await gemm(middle, v, { transposeA: true, alpha: -0.5, addTo: w });
  const stacked = (upper: Matrix, lower: Matrix): Matrix => {
    const both = matrix(2 * v.rows, v.columns);
    both.data.set(upper.data);
    both.data.set(lower.data, upper.data.length);
    return both;
  };
  await gemm(stacked(z, v), stacked(v, z), { transposeA: true, alpha: -1, addTo: a });
}

/** Overwrites the matrix. */
async function reduceToBand(symmetric: Matrix): Promise<SymmetricBand> {
  const size = symmetric.rows;
  const bandwidth = Math.min(blockSize, Math.max(size - 1, 1));
  const data = new Float64Array(size * (bandwidth + 2));
  const put = (row: number, column: number, value: number): void => {
    if (row < size) data[position(bandwidth, row, column)] = value;
  };
  let rest = symmetric;
  for (let first = 0; first < size; first += bandwidth) {
    const width = Math.min(bandwidth, size - first);
    for (let i = 0; i < width; i++) for (let j = 0; j <= i; j++) put(first + i, first + j, rest.data[i * rest.columns + j]);
    if (first + width === size) break;
    const panel = matrix(width, rest.columns - width);
    for (let i = 0; i < width; i++) panel.data.set(rowsOf(rest, i, i + 1).data.subarray(width), i * panel.columns);
    const reflected = reflectRows(panel);
    for (let i = 0; i < width; i++) for (let j = 0; j <= i; j++) put(first + width + j, first + i, reflected.triangle.data[i * width + j]);
    rest = shrink(rest, width);
    await applyBothSides(reflected, rest);
  }
  return { data, size, bandwidth };
}

/** Moves the entry (row, column) down and out of the band by rotations of neighboring rows and columns. */
function chase({ data, size, bandwidth }: SymmetricBand, row: number, column: number): void {
  while (row < size) {
    const upper = position(bandwidth, row - 1, column);
    const lower = position(bandwidth, row, column);
    if (data[lower] === 0) return;
    const length = Math.sqrt(data[upper] ** 2 + data[lower] ** 2);
    const [c, s] = [data[upper] / length, data[lower] / length];
    rotate(data, upper, lower, 1, row - 1 - column, c, s);
    data[lower] = 0;
    const [first, second] = [position(bandwidth, row - 1, row - 1), position(bandwidth, row, row)];
    const [p, q, between] = [data[first], data[second], data[second - 1]];
    data[first] = c * c * p + 2 * c * s * between + s * s * q;
    data[second] = s * s * p - 2 * c * s * between + c * c * q;
    data[second - 1] = c * s * (q - p) + (c * c - s * s) * between;
    const below = position(bandwidth, row + 1, row - 1);
    rotate(data, below, below + 1, bandwidth + 1, Math.min(size - 1, row + bandwidth) - row, c, s);
    column = row - 1;
    row += bandwidth;
  }
}

/** All eigenvalues of a symmetric matrix, in no particular order. Overwrites the matrix. */
export async function symmetricEigenvalues(symmetric: Matrix): Promise<Float64Array> {
  const band = await reduceToBand(symmetric);
  const { data, size, bandwidth } = band;
  for (let column = 0; column < size - 2; column++) {
    for (let distance = Math.min(bandwidth, size - 1 - column); distance > 1; distance--) chase(band, column + distance, column);
  }
  const diagonal = Float64Array.from({ length: size }, (_, i) => data[position(bandwidth, i, i)]);
  const off = Float64Array.from({ length: size }, (_, i) => (i < size - 1 ? data[position(bandwidth, i + 1, i)] : 0));
  return tridiagonalEigenvalues(diagonal, off);
}
