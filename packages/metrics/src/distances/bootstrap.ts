// Confidence intervals by a seeded bootstrap: images are sampled with replacement, and the metric is computed again.
import { randomIntegers } from '@styleforge/diffusion';
import type { Matrix } from '@styleforge/runtime';
import { cosines } from './clip-score.ts';
import { requireComparable, type Features } from './features.ts';
import { distanceBetween, distributionOf } from './fid.ts';
import { kernels, selectRows } from './kernels.ts';
import type { Interval } from '../report/metric-block.ts';

export interface BootstrapOptions {
  /** Default: 200, or fewer if one takes long. */
  readonly replicates?: number;
  /** Default: 0.95. */
  readonly level?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

const usualReplicates = 200;
/** Minimum number of replicates for meaningful percentiles. */
const fewestReplicates = 20;
/** Maximum number of floating point operations for an interval, unless more is requested. */
const operationBudget = 3e11;

/** How often each of `count` images is sampled. */
function drawCounts(count: number, seed: number, replicate: number, purpose: string): Float64Array {
  const counts = new Float64Array(count);
  for (const row of randomIntegers({ seed, step: replicate, purpose }, count, count)) counts[row]++;
  return counts;
}

function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/**
 * Percentiles of the replicates around their own mean, moved to the value, because repeated images alone raise a distance of
 * sets without being an uncertainty of it. `scale` reduces the deviations of replicates with fewer images than the set.
 */
function intervalOf(value: number, replicates: Float64Array, level: number, scale = 1): Interval {
  const mean = replicates.reduce((sum, replicate) => sum + replicate, 0) / replicates.length;
  const sorted = replicates.slice().sort();
  const at = (share: number): number => value + scale * (quantile(sorted, share) - mean);
  return { low: at((1 - level) / 2), high: at((1 + level) / 2), level, replicates: replicates.length };
}

async function replicate(
  options: BootstrapOptions,
  replicates: number,
  once: (index: number, seed: number) => number | Promise<number>,
): Promise<Float64Array> {
  const values = new Float64Array(replicates);
  for (let i = 0; i < replicates; i++) {
    options.signal?.throwIfAborted();
    values[i] = await once(i, options.seed ?? 0);
  }
  return values;
}

function checked({ replicates, level = 0.95 }: BootstrapOptions): { level: number; wanted: number | undefined } {
  if (replicates !== undefined && (!Number.isInteger(replicates) || replicates < fewestReplicates))
    throw new RangeError(`replicates is ${replicates}: give a whole number from ${fewestReplicates}`);
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}: give a number between 0 and 1`);
  return { level, wanted: replicates };
}

/** Operations of one replicate: about 63 % of the images of a set are sampled at least once. */
function fidOperations(a: Features, b: Features): number {
  const d = a.dimension;
  const ranks = [a, b].map(({ count }) => Math.min(0.63 * count, d));
  const covariances = [a, b].reduce((sum, { count }) => sum + (0.63 * count <= d ? 0 : 1.25 * 0.63 * count * d ** 2 + d ** 3), 0);
  return covariances + 2 * ranks[0] * ranks[1] * d + 6 * Math.min(...ranks) ** 2 * Math.max(...ranks);
}

/** The interval of FID. Null if `replicates` is omitted and there are too many images for even a few replicates in reasonable time. */
export async function fidInterval(value: number, a: Features, b: Features, options: BootstrapOptions = {}): Promise<Interval | null> {
  requireComparable(a, b, 2);
  const { level, wanted } = checked(options);
  const replicates = wanted ?? Math.min(usualReplicates, Math.floor(operationBudget / fidOperations(a, b)));
  if (replicates < fewestReplicates) return null;
  const values = await replicate(options, replicates, async (i, seed) =>
    distanceBetween(
      await distributionOf(a, drawCounts(a.count, seed, i, 'bootstrap-real')),
      await distributionOf(b, drawCounts(b.count, seed, i, 'bootstrap-generated')),
    ),
  );
  return intervalOf(value, values, level);
}

/** transpose(rows) K columns. */
function weighted({ data, columns: stride }: Matrix, rows: Float64Array, columns: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] === 0) continue;
    let line = 0;
    for (let j = 0; j < columns.length; j++) line += columns[j] * data[i * stride + j];
    sum += rows[i] * line;
  }
  return sum;
}

/** The mean kernel value of all pairs of different images, each as often as it was sampled. */
function weightedPairs(kernel: Matrix, counts: Float64Array): number {
  let [sum, pairs] = [weighted(kernel, counts, counts), counts.length ** 2];
  for (let i = 0; i < counts.length; i++) {
    sum -= counts[i] ** 2 * kernel.data[i * (kernel.columns + 1)];
    pairs -= counts[i] ** 2;
  }
  // the same image in every draw: there is no pair, and no spread
  return pairs === 0 ? kernel.data[0] : sum / pairs;
}

/** Maximum number of images whose kernel values are kept. */
const keptImages = 2048;

function someOf(set: Features, seed: number, purpose: string): Matrix {
  if (set.count <= keptImages) return selectRows(set);
  return selectRows(set, randomIntegers({ seed, step: 0, purpose }, keptImages, set.count));
}

/**
 * The interval of KID. Samples 2048 images of larger sets, and scales deviations by the root of the sizes' ratio (m out of n bootstrap).
 */
export async function kidInterval(value: number, x: Features, y: Features, options: BootstrapOptions = {}): Promise<Interval> {
  requireComparable(x, y, 2);
  const { level, wanted = usualReplicates } = checked(options);
  const seed = options.seed ?? 0;
  const { xx, yy, xy } = await kernels(someOf(x, seed, 'bootstrap-some-real'), someOf(y, seed, 'bootstrap-some-generated'));
  const values = await replicate(options, wanted, (i) => {
    const [rows, columns] = [drawCounts(xx.rows, seed, i, 'bootstrap-real'), drawCounts(yy.rows, seed, i, 'bootstrap-generated')];
    return weightedPairs(xx, rows) + weightedPairs(yy, columns) - (2 * weighted(xy, rows, columns)) / (xx.rows * yy.rows);
  });
  const scale = Math.sqrt((1 / x.count + 1 / y.count) / (1 / xx.rows + 1 / yy.rows));
  return intervalOf(value, values, level, scale);
}

/** The interval of the CLIP score: pairs of image and text are sampled again. */
export async function clipScoreInterval(
  value: number,
  images: Features,
  texts: Features,
  options: BootstrapOptions = {},
): Promise<Interval> {
  const { level, wanted = 5 * usualReplicates } = checked(options);
  const scores = cosines(images, texts);
  const values = await replicate(
    options,
    wanted,
    (i, seed) =>
      randomIntegers({ seed, step: i, purpose: 'bootstrap-pairs' }, scores.length, scores.length).reduce(
        (sum, row) => sum + 100 * scores[row],
        0,
      ) / scores.length,
  );
  return intervalOf(value, values, level);
}
