// Training pairs of mini-clip: every subject in every style; some pairs are held out for its evaluation.
import { randomIntegers, randomUniforms, permutation } from '@styleforge/diffusion';
import { imageOf, listStyles, styleOf, unitOf, type ImageCache, type ImageRecord } from '@styleforge/samples';
import { IMAGE_SIZE } from '../pretrain/geometry.ts';
import { DEVIATION, MEAN } from './geometry.ts';

export const PIXELS = 3 * IMAGE_SIZE ** 2;
/** Share of held-out pairs of subject and style. */
const HELD_OUT_SHARE = 0.05;
/** Images are moved by up to this number of pixels, so that no feature depends on the position. */
const LARGEST_SHIFT = 4;
const WHITE = 255;

export const allStyles = listStyles().map(({ id }) => id);

export const isHeldOutPair = ({ subject, style }: Pick<ImageRecord, 'subject' | 'style'>): boolean =>
  unitOf(`mini-clip/${subject}/${style}`) < HELD_OUT_SHARE;

/** Every text that an image can be paired with, the bare name first. */
export function textsOf({ name, style }: Pick<ImageRecord, 'name' | 'style'>): string[] {
  const { word } = styleOf(style);
  return [name, `a photo of ${name}`, `${name}, ${word} style`, `a photo of ${word} style, ${name}`];
}

/** Prepares one image for the network: normalized planes, moved by (dx, dy), optionally mirrored. */
export function writePlanes(rgb: Uint8Array, target: Float32Array, offset: number, { dx = 0, dy = 0, mirror = false } = {}): void {
  for (let y = 0; y < IMAGE_SIZE; y++) {
    for (let x = 0; x < IMAGE_SIZE; x++) {
      const [fromX, fromY] = [mirror ? IMAGE_SIZE - 1 - x - dx : x - dx, y - dy];
      const inside = fromX >= 0 && fromX < IMAGE_SIZE && fromY >= 0 && fromY < IMAGE_SIZE;
      for (let c = 0; c < 3; c++) {
        const value = inside ? rgb[(fromY * IMAGE_SIZE + fromX) * 3 + c] : WHITE;
        target[offset + (c * IMAGE_SIZE + y) * IMAGE_SIZE + x] = (value / 255 - MEAN[c]) / DEVIATION[c];
      }
    }
  }
}

export interface PairBatch {
  readonly pixels: Float32Array;
  readonly texts: string[];
}

/** Batches of distinct subjects in random styles, determined by (seed, step). */
export class PairSource {
  readonly #cache: ImageCache;
  readonly #bySubject: ImageRecord[][];
  readonly #seed: number;

  constructor(cache: ImageCache, seed: number) {
    const bySubject = new Map<string, ImageRecord[]>();
    for (const record of cache.records.filter((candidate) => !isHeldOutPair(candidate)))
      bySubject.set(record.name, [...(bySubject.get(record.name) ?? []), record]);
    this.#cache = cache;
    this.#bySubject = [...bySubject.values()];
    this.#seed = seed;
  }

  batch(step: number, size: number): PairBatch {
    const key = { seed: this.#seed, step };
    const order = permutation({ ...key, purpose: 'clip-subjects' }, this.#bySubject.length).subarray(0, size);
    const chances = randomUniforms({ ...key, purpose: 'clip-chances' }, 3 * size);
    const shifts = randomIntegers({ ...key, purpose: 'clip-shifts' }, 2 * size, 2 * LARGEST_SHIFT + 1);
    const pixels = new Float32Array(size * PIXELS);
    const texts = Array.from(order, (subject, i) => {
      const records = this.#bySubject[subject];
      const record = records[Math.floor(chances[3 * i] * records.length)];
      writePlanes(imageOf(this.#cache, record), pixels, i * PIXELS, {
        dx: shifts[2 * i] - LARGEST_SHIFT,
        dy: shifts[2 * i + 1] - LARGEST_SHIFT,
        mirror: chances[3 * i + 2] < 0.5,
      });
      const variants = textsOf(record);
      return variants[Math.floor(chances[3 * i + 1] * variants.length)];
    });
    return { pixels, texts };
  }
}
