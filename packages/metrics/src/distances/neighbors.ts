// Signs of a model that repeats its training images: how far apart its images are, and how close to its training images.
import { gemm, type Matrix } from '@styleforge/runtime';
import type { Features } from './features.ts';
import { matrix } from '../linear-algebra/matrices.ts';

export interface Diversity {
  /** Mean distance of all pairs of generated images, 0 to 2: the length between unit vectors of features. */
  readonly generated: number;
  /** The same for the reference images. */
  readonly reference: number | null;
  /** generated / reference. */
  readonly ratio: number | null;
}

export interface NearestReference {
  /** Indexes in the given sets. */
  readonly generated: number;
  readonly reference: number;
  readonly distance: number;
  /** Distance to the second nearest reference image; null if there is only one. */
  readonly secondDistance: number | null;
  /** Whether it is much closer to one training image than to any other. */
  readonly memorised: boolean;
}

export interface Memorisation {
  /** One for each generated image, nearest first. */
  readonly nearest: readonly NearestReference[];
  readonly memorisedCount: number;
  /** Share of all generated images. */
  readonly memorisedShare: number;
}

/**
 * Ratio of Yoon et al., "Diffusion probabilistic models generalize when they fail to memorize" (2023): a third of the distance to the
 * second nearest.
 */
const memorisedRatio = 1 / 3;
const tileRows = 1024;

/** Rows `from` to `to` scaled to length 1. */
function unitRows({ data, dimension }: Features, from: number, to: number): Matrix {
  const rows = matrix(to - from, dimension);
  for (let row = from; row < to; row++) {
    let squares = 0;
    for (let i = 0; i < dimension; i++) squares += data[row * dimension + i] ** 2;
    if (squares === 0) throw new RangeError(`image ${row + 1} has features of length zero`);
    const scale = 1 / Math.sqrt(squares);
    for (let i = 0; i < dimension; i++) rows.data[(row - from) * dimension + i] = data[row * dimension + i] * scale;
  }
  return rows;
}

function* tiles(set: Features): Generator<{ from: number; rows: Matrix }> {
  for (let from = 0; from < set.count; from += tileRows) yield { from, rows: unitRows(set, from, Math.min(from + tileRows, set.count)) };
}

const distanceOf = (cosine: number): number => Math.sqrt(Math.max(0, 2 - 2 * cosine));

export async function meanPairwiseDistance(set: Features): Promise<number> {
  if (set.count < 2) throw new RangeError(`a pairwise distance needs at least 2 images, not ${set.count}`);
  let sum = 0;
  for (const { from, rows } of tiles(set)) {
    for (const other of tiles(set)) {
      if (other.from > from) break;
      const { data, columns } = await gemm(rows, other.rows, { transposeB: true });
      for (let i = 0; i < rows.rows; i++) {
        const end = Math.min(columns, from + i - other.from);
        for (let j = 0; j < end; j++) sum += distanceOf(data[i * columns + j]);
      }
    }
  }
  return (2 * sum) / (set.count * (set.count - 1));
}

export async function diversityOf(generated: Features, reference?: Features): Promise<Diversity> {
  const own = await meanPairwiseDistance(generated);
  const other = reference && reference.count > 1 ? await meanPairwiseDistance(reference) : null;
  return { generated: own, reference: other, ratio: other === null || other === 0 ? null : own / other };
}

/** The training image that each generated one is nearest to. */
export async function memorisationOf(generated: Features, trained: Features): Promise<Memorisation> {
  if (generated.dimension !== trained.dimension)
    throw new RangeError(`features of ${generated.dimension} and ${trained.dimension} dimensions cannot be compared`);
  if (trained.count < 1 || generated.count < 1) throw new RangeError('at least 1 image is needed on each side');
  const found = Array.from({ length: generated.count }, (_, i) => ({ generated: i, reference: 0, distance: Infinity, second: Infinity }));
  for (const { from, rows } of tiles(generated)) {
    for (const other of tiles(trained)) {
      const { data, columns } = await gemm(rows, other.rows, { transposeB: true });
      for (let i = 0; i < data.length; i++) {
        const [entry, distance] = [found[from + Math.floor(i / columns)], distanceOf(data[i])];
        if (distance < entry.distance) Object.assign(entry, { reference: other.from + (i % columns), distance, second: entry.distance });
        else if (distance < entry.second) entry.second = distance;
      }
    }
  }
  const nearest = found
    .sort((a, b) => a.distance - b.distance || a.generated - b.generated)
    .map(
      ({ second, ...entry }): NearestReference => ({
        ...entry,
        secondDistance: Number.isFinite(second) ? second : null,
        memorised: Number.isFinite(second) && entry.distance < memorisedRatio * second,
      }),
    );
  const memorisedCount = nearest.filter(({ memorised }) => memorised).length;
  return { nearest, memorisedCount, memorisedShare: memorisedCount / nearest.length };
}
