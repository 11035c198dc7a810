// Kernel inception distance: the unbiased MMD^2 under k(x, y) = (x.y / d + 1)^3 (arXiv 1801.01401).
import { permutation } from '@styleforge/diffusion';
import { requireComparable, type Features } from './features.ts';
import { timesTransposed, type Matrix } from './linear-algebra.ts';

export interface KidOptions {
  subsets?: number;
  /** Never larger than the smaller set. */
  subsetSize?: number;
  seed?: number;
}

export interface KidResult {
  mean: number;
  standardDeviation: number;
  subsets: number;
  subsetSize: number;
  seed: number;
}

/** The largest set whose kernel values are all kept; beyond it each subset computes its own. */
const maxKeptRows = 4096;

function rowsOf({ data, count, dimension }: Features, rows?: Uint32Array | number[]): Matrix {
  if (!rows) return { data: Float64Array.from(data), rows: count, columns: dimension };
  const selected = new Float64Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) selected.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  return { data: selected, rows: rows.length, columns: dimension };
}

function kernel(a: Matrix, b: Matrix): Matrix {
  const products = timesTransposed(a, b);
  for (let i = 0; i < products.data.length; i++) products.data[i] = (products.data[i]! / a.columns + 1) ** 3;
  return products;
}

interface Kernels {
  xx: Matrix;
  yy: Matrix;
  xy: Matrix;
}

function kernels(x: Matrix, y: Matrix): Kernels {
  return { xx: kernel(x, x), yy: kernel(y, y), xy: kernel(x, y) };
}

function meanOver(values: Matrix, rows: readonly number[], columns: readonly number[], skipDiagonal: boolean): number {
  let sum = 0;
  for (const i of rows) {
    for (const j of columns) if (!skipDiagonal || i !== j) sum += values.data[i * values.columns + j]!;
  }
  return sum / (rows.length * (skipDiagonal ? columns.length - 1 : columns.length));
}

function squaredDiscrepancy({ xx, yy, xy }: Kernels, x: readonly number[], y: readonly number[]): number {
  return meanOver(xx, x, x, true) + meanOver(yy, y, y, true) - 2 * meanOver(xy, x, y, false);
}

function count(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/** One estimate from everything; a small negative value is valid. */
export function fullKernelDistance(x: Features, y: Features): number {
  requireComparable(x, y, 2);
  return squaredDiscrepancy(kernels(rowsOf(x), rowsOf(y)), count(x.count), count(y.count));
}

function drawRows(set: Features, size: number, seed: number, subset: number, purpose: string): number[] {
  return Array.from(permutation({ seed, step: subset, purpose }, set.count)).slice(0, size);
}

/** Mean and standard deviation over random subsets. */
export function kernelDistance(x: Features, y: Features, { subsets = 100, subsetSize = 1000, seed = 0 }: KidOptions = {}): KidResult {
  requireComparable(x, y, 2);
  const size = Math.min(subsetSize, x.count, y.count);
  if (size < 2 || subsets < 1) throw new RangeError(`subsetSize must be at least 2 and subsets at least 1, not ${size} and ${subsets}`);
  const kept = Math.max(x.count, y.count) <= maxKeptRows ? kernels(rowsOf(x), rowsOf(y)) : undefined;
  const estimates = count(subsets).map((subset) => {
    const rows = drawRows(x, size, seed, subset, 'kid-real');
    const columns = drawRows(y, size, seed, subset, 'kid-generated');
    if (kept) return squaredDiscrepancy(kept, rows, columns);
    return squaredDiscrepancy(kernels(rowsOf(x, rows), rowsOf(y, columns)), count(size), count(size));
  });
  const average = estimates.reduce((sum, value) => sum + value, 0) / subsets;
  const variance = estimates.reduce((sum, value) => sum + (value - average) ** 2, 0) / subsets;
  return { mean: average, standardDeviation: Math.sqrt(variance), subsets, subsetSize: size, seed };
}
