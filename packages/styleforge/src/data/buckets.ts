// Aspect-ratio buckets: each image keeps its shape, and a batch holds images of one shape.
import { permutation } from '@styleforge/diffusion';

/** Height and width in pixels. */
export type Size = readonly [number, number];

/** Maximum side, as a multiple of the resolution. */
const LONGEST = 2;

/** Sizes whose sides are multiples of `unit`, with at most resolution² pixels: for each width the largest height, the square among them. */
export function bucketSizes(resolution: number, unit: number): Size[] {
  const most = LONGEST * resolution;
  const sizes: Size[] = [];
  for (let width = unit; width <= most; width += unit) {
    const height = Math.min(most, Math.floor(resolution ** 2 / width / unit) * unit);
    if (height >= unit) sizes.push([height, width]);
  }
  return sizes;
}

/** The size whose proportions are nearest, the smaller width where two are as near. */
export function nearestSize([height, width]: Size, sizes: readonly Size[]): Size {
  const distance = ([h, w]: Size): number => Math.abs(Math.log(w / h) - Math.log(width / height));
  return sizes.reduce((best, size) => (distance(size) < distance(best) ? size : best));
}

/** Images by size, in the order in which the sizes first occur. */
export function bucketsOf<T extends { readonly size: Size }>(images: readonly T[]): T[][] {
  const buckets = new Map<string, T[]>();
  for (const image of images) buckets.set(image.size.join(), [...(buckets.get(image.size.join()) ?? []), image]);
  return [...buckets.values()];
}

/**
 * Batch `index` of `count` images of one bucket. In each epoch the images of a bucket are shuffled and cut into batches, whose last one is
 * filled up from the bucket's beginning, and the batches of all buckets are shuffled: a function of (seed, index) alone.
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
