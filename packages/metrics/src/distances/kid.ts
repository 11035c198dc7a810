// Kernel inception distance: the unbiased MMD^2 under k(x, y) = (x.y / d + 1)^3 (arXiv 1801.01401).
import { availableParallelism } from 'node:os';
import { permutation } from '@styleforge/diffusion';
import { KernelSums, type Matrix, type RowSet } from '@styleforge/runtime';
import { requireComparable, type Features } from './features.ts';
import { kernel, kernels, selectRows } from './kernels.ts';

export interface KidOptions {
  subsets?: number;
  /** Size of a subset; at most that of the smaller set. */
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

/** Size of the largest set whose kernel values are all kept; for larger sets each subset computes its own. */
const maxKeptRows = 4096;
/** Number of rows that are compared with another set at a time if nothing is kept. */
const tileRows = 1024;

function* ranges(count: number): Generator<number[]> {
  for (let first = 0; first < count; first += tileRows)
    yield Array.from({ length: Math.min(tileRows, count - first) }, (_, i) => first + i);
}

function sumOf({ data, columns }: Matrix, skipDiagonal: boolean): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  if (skipDiagonal) for (let i = 0; i < data.length; i += columns + 1) sum -= data[i];
  return sum;
}

/** The mean kernel value of all pairs, or of all pairs of different rows of one set. Works in tiles to limit memory. */
async function meanKernel(x: Features, y: Features): Promise<number> {
  let sum = 0;
  for (const rows of ranges(x.count)) {
    const tile = selectRows(x, rows);
    for (const columns of ranges(y.count)) {
      if (x === y && columns[0] < rows[0]) continue;
      const onDiagonal = x === y && columns[0] === rows[0];
      const part = sumOf(await kernel(tile, onDiagonal ? tile : selectRows(y, columns)), onDiagonal);
      sum += x === y && !onDiagonal ? 2 * part : part;
    }
  }
  return sum / (x.count * (x === y ? y.count - 1 : y.count));
}

/** One estimate from all images; a small negative value is valid. */
export async function fullKernelDistance(x: Features, y: Features): Promise<number> {
  requireComparable(x, y, 2);
  const other = x === y ? { ...y } : y;
  return (await meanKernel(x, x)) + (await meanKernel(other, other)) - 2 * (await meanKernel(x, other));
}

function meanOver({ data, columns: stride }: Matrix, rows: ArrayLike<number>, columns: ArrayLike<number>, skipDiagonal: boolean): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i] * stride;
    for (let j = 0; j < columns.length; j++) sum += data[start + columns[j]];
    if (skipDiagonal) sum -= data[start + rows[i]];
  }
  return sum / (rows.length * (skipDiagonal ? columns.length - 1 : columns.length));
}

/** Sampled row numbers in ascending order: the sums do not depend on the order, and memory is read sequentially. */
function drawRows(set: Features, size: number, seed: number, subset: number, purpose: string): Int32Array {
  return permutation({ seed, step: subset, purpose }, set.count).slice(0, size).sort();
}

/** The kernel value of each row with itself. */
function ownKernels({ data, count, dimension }: Features): Float64Array {
  const own = new Float64Array(count);
  for (let row = 0, i = 0; row < count; row++) {
    let square = 0;
    for (const end = i + dimension; i < end; i++) square += data[i] * data[i];
    own[row] = (square / dimension + 1) ** 3;
  }
  return own;
}

const total = (sums: Float32Array): number => sums.reduce((sum, value) => sum + value, 0);

/** The estimate from some rows of each set. */
type Distance = (rows: Int32Array, columns: Int32Array) => Promise<number>;

/** Estimates whose kernel values are not kept: products in float32, sums over rows in float64. Within 1e-6 of float64 at 2,048 features. */
function subsetDistance(sums: KernelSums, x: Features, y: Features): Distance {
  const [xOwn, yOwn] = [ownKernels(x), ownKernels(y)];
  const within = (all: Float32Array, own: Float64Array, rows: Int32Array): number =>
    (total(all) - rows.reduce((sum, row) => sum + own[row], 0)) / (rows.length * (rows.length - 1));
  return async (rows, columns) => {
    const { xx, yy, xy } = await sums.run(rows, columns);
    return within(xx, xOwn, rows) + within(yy, yOwn, columns) - (2 * total(xy)) / (rows.length * columns.length);
  };
}

async function keptDistance(x: Features, y: Features): Promise<Distance> {
  const { xx, yy, xy } = await kernels(selectRows(x), selectRows(y));
  return async (rows, columns) =>
    meanOver(xx, rows, rows, true) + meanOver(yy, columns, columns, true) - 2 * meanOver(xy, rows, columns, false);
}

const inFloat32 = ({ data, count }: Features): RowSet => ({
  data: data instanceof Float32Array ? data : Float32Array.from(data),
  count,
});

interface Subsets {
  readonly subsets: number;
  readonly size: number;
  readonly draw: (subset: number) => readonly [Int32Array, Int32Array];
}

async function estimatesOf(x: Features, y: Features, { subsets, size, draw }: Subsets): Promise<number[]> {
  const keeps = Math.max(x.count, y.count) <= maxKeptRows;
  const sums = keeps ? null : new KernelSums(inFloat32(x), inFloat32(y), { dimension: x.dimension, size });
  try {
    const distance = sums ? subsetDistance(sums, x, y) : await keptDistance(x, y);
    return await onEachCore(subsets, (subset) => distance(...draw(subset)));
  } finally {
    sums?.release();
  }
}

/** The results of `count` pieces of work, of which as many run at a time as there are cores. */
async function onEachCore(count: number, work: (index: number) => Promise<number>): Promise<number[]> {
  const results: number[] = [];
  let next = 0;
  const workThrough = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
    }
  };
  // After a failure, the others end what they have begun, because the caller releases what they use
  const ends = await Promise.allSettled(Array.from({ length: availableParallelism() }, workThrough));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return results;
}

/** Mean and standard deviation over random subsets. */
export async function kernelDistance(
  x: Features,
  y: Features,
  { subsets = 100, subsetSize = 1000, seed = 0 }: KidOptions = {},
): Promise<KidResult> {
  requireComparable(x, y, 2);
  const size = Math.min(subsetSize, x.count, y.count);
  if (size < 2 || subsets < 1) throw new RangeError(`subsetSize must be at least 2 and subsets at least 1, not ${size} and ${subsets}`);
  const draw = (subset: number): readonly [Int32Array, Int32Array] => [
    drawRows(x, size, seed, subset, 'kid-real'),
    drawRows(y, size, seed, subset, 'kid-generated'),
  ];
  const estimates = await estimatesOf(x, y, { subsets, size, draw });
  const average = estimates.reduce((sum, value) => sum + value, 0) / subsets;
  const variance = estimates.reduce((sum, value) => sum + (value - average) ** 2, 0) / subsets;
  return { mean: average, standardDeviation: Math.sqrt(variance), subsets, subsetSize: size, seed };
}
