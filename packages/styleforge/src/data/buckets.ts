// Aspect-ratio buckets: each image keeps its proportions, and all images of a batch have the same.
import { permutation } from '@styleforge/diffusion';

/** Height and width in pixels. */
export type Size = readonly [number, number];

/** Maximum side, as a multiple of the resolution. */
const LONGEST = 2;

/**
 * Sizes with sides that are multiples of `unit` and at most resolution² pixels: for each width the largest height; the square is one of
 * them.
 */
export function bucketSizes(resolution: number, unit: number): Size[] {
  const most = LONGEST * resolution;
  const sizes: Size[] = [];
  for (let width = unit; width <= most; width += unit) {
    const height = Math.min(most, Math.floor(resolution ** 2 / width / unit) * unit);
    if (height >= unit) sizes.push([height, width]);
  }
  return sizes;
}

/** The size with the closest proportions; of two equally close ones, the smaller width. */
export function nearestSize([height, width]: Size, sizes: readonly Size[]): Size {
  const distance = ([h, w]: Size): number => Math.abs(Math.log(w / h) - Math.log(width / height));
  return sizes.reduce((best, size) => (distance(size) < distance(best) ? size : best));
}

/** Images by size, in the order in which sizes first occur. */
export function bucketsOf<T extends { readonly size: Size }>(images: readonly T[]): T[][] {
  const buckets = new Map<string, T[]>();
  for (const image of images) buckets.set(image.size.join(), [...(buckets.get(image.size.join()) ?? []), image]);
  return [...buckets.values()];
}

/**
 * Batch `index` with `count` images of one bucket. In each epoch the images of a bucket are shuffled and divided into batches, of which the
 * last is filled from the bucket's beginning, and the batches of all buckets are shuffled. Depends only on (seed, index).
 */
export function drawBucketBatch<T>(
  buckets: readonly (readonly T[])[],
  index: number,
  { count, seed, purpose }: { readonly count: number; readonly seed: number; readonly purpose: string },
): T[] {
  const batches = buckets.flatMap((bucket, number) =>
    Array.from({ length: Math.ceil(bucket.length / count) }, (_, i) => ({ bucket, number, start: i * count })),
  );
  const epoch = Math.floor(index / batches.length);
  const shuffled = permutation({ seed, step: epoch, purpose: `${purpose}-batches` }, batches.length);
  const { bucket, number, start } = batches[shuffled[index % batches.length]];
  const order = permutation({ seed, step: epoch, purpose: `${purpose}-bucket-${number}` }, bucket.length);
  return Array.from({ length: count }, (_, i) => bucket[order[(start + i) % bucket.length]]);
}
