// The texture extractor distinguishes styles, not subjects: tested on six styles that its scale was not computed from.
import { referenceSet, targetStyles, type StyleId } from '@styleforge/samples';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { features, fullKernelDistance, openExtractor, type Features, type RgbImage } from '../src/index.ts';

interface Shown {
  readonly rows: Features;
  readonly persons: number[];
  readonly things: number[];
}

const IMAGES = 40;
const shown = new Map<StyleId, Shown>();

async function rgbOf(png: Buffer): Promise<RgbImage> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { rgb: new Uint8Array(data), width: info.width, height: info.height };
}

const pick = ({ data, dimension }: Features, rows: readonly number[]): Features =>
  features(Float32Array.from(rows.flatMap((row) => Array.from(data.subarray(row * dimension, (row + 1) * dimension)))), dimension);

beforeAll(async () => {
  const extractor = await openExtractor({ name: 'texture' });
  for (const style of targetStyles) {
    const images = await referenceSet(style, { size: 64, limit: IMAGES });
    const rows = await extractor.embedImages(await Promise.all(images.map(({ png }) => rgbOf(png))));
    const of = (component: string): number[] => images.flatMap((image, i) => (image.component === component ? [i] : []));
    shown.set(style, { rows, persons: of('person'), things: of('background') });
  }
  await extractor.release();
});

describe('texture', () => {
  it('recognizes the style of images with unseen subjects, at least nine in ten', () => {
    const half = IMAGES / 2;
    const centers = [...shown].map(([style, { rows }]) => {
      const { dimension, data } = rows;
      return {
        style,
        center: Array.from(
          { length: dimension },
          (_, k) => Array.from({ length: half }, (_, i) => data[i * dimension + k]).reduce((a, b) => a + b) / half,
        ),
      };
    });
    let right = 0;
    for (const [style, { rows }] of shown) {
      for (let i = half; i < IMAGES; i++) {
        const row = rows.data.subarray(i * rows.dimension, (i + 1) * rows.dimension);
        const distances = centers.map(({ style: other, center }) => ({
          other,
          distance: center.reduce((sum, value, k) => sum + (value - row[k]) ** 2, 0),
        }));
        if (distances.reduce((best, next) => (next.distance < best.distance ? next : best)).other === style) right++;
      }
    }
    expect(right / (half * shown.size)).toBeGreaterThanOrEqual(0.9);
  });

  it('measures a smaller distance between persons and things of one style than between any two styles', async () => {
    const within = await Promise.all(
      [...shown.values()].map(({ rows, persons, things }) => fullKernelDistance(pick(rows, persons), pick(rows, things))),
    );
    const all = [...shown.values()];
    const between = await Promise.all(all.flatMap(({ rows }, i) => all.slice(0, i).map((other) => fullKernelDistance(rows, other.rows))));
    expect(Math.max(...within)).toBeLessThan(Math.min(...between));
  });

  it('needs no weights, carries the hash of its scale, and measures images of any size', async () => {
    const extractor = await openExtractor({ name: 'texture' });
    const image = (width: number, height: number): RgbImage => ({
      width,
      height,
      rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256),
    });
    const rows = await extractor.embedImages([image(16, 16), image(300, 200)]);
    expect([rows.count, rows.dimension]).toEqual([2, extractor.dimension]);
    expect(extractor.weightsSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(extractor.embedTexts).toBeUndefined();
  });

  it('has finite values for an image of one color', async () => {
    const extractor = await openExtractor({ name: 'texture' });
    const plain = { width: 32, height: 32, rgb: new Uint8Array(32 * 32 * 3).fill(200) };
    const { data } = await extractor.embedImages([plain]);
    expect(Array.from(data).every(Number.isFinite)).toBe(true);
  });
});
