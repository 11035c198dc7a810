// CLIP score: 100 times the cosine of image and text embedding, averaged over the pairs, never below 0.
import type { Features } from './features.ts';

function cosine(a: Features, b: Features, row: number, other = row): number {
  let [product, normA, normB] = [0, 0, 0];
  const apart = (other - row) * a.dimension;
  for (let i = row * a.dimension; i < (row + 1) * a.dimension; i++) {
    product += a.data[i] * b.data[i + apart];
    normA += a.data[i] ** 2;
    normB += b.data[i + apart] ** 2;
  }
  if (normA === 0 || normB === 0) throw new RangeError(`pair ${row} has an embedding of length zero`);
  return product / Math.sqrt(normA * normB);
}

/** Cosines of image i and text i. */
export function cosines(images: Features, texts: Features): Float64Array {
  if (images.count !== texts.count || images.dimension !== texts.dimension || images.count === 0) {
    throw new RangeError(
      `${images.count} images of ${images.dimension} dimensions and ${texts.count} texts of ${texts.dimension} make no pairs`,
    );
  }
  return Float64Array.from({ length: images.count }, (_, row) => cosine(images, texts, row));
}

export function clipScore(images: Features, texts: Features): number {
  const sum = cosines(images, texts).reduce((total, value) => total + value, 0);
  return Math.max(0, (100 * sum) / images.count);
}

/**
 * The score of the same images with the texts of other images: a score that does not depend on the content. Pairs with equal texts are
 * excluded; null if all texts are equal.
 */
export function chanceClipScore(images: Features, texts: Features, textOf: (row: number) => string): number | null {
  const step = Math.max(1, Math.floor(images.count / 2));
  let [sum, pairs] = [0, 0];
  for (let row = 0; row < images.count; row++) {
    const other = (row + step) % images.count;
    if (textOf(row) === textOf(other)) continue;
    sum += cosine(images, texts, row, other);
    pairs += 1;
  }
  return pairs === 0 ? null : Math.max(0, (100 * sum) / pairs);
}
