// Aspect-ratio buckets: sizes, epochs, nothing cut off, a training over several graphs that resumes exactly, and the numbers of a square.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdaptationConfig } from '@styleforge/contracts';
import {
  bucketSizes,
  type CompiledShape,
  drawBatches,
  drawBucketBatch,
  nearestSize,
  openBatchSource,
  openModel,
  type TrainingImage,
  trainStyleForge,
  type TrainStyleForgeOptions,
} from '@styleforge/styleforge';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { fingerprint, tinyTraining, type TinyTraining } from './tiny-training.ts';

const minutes = 60_000;
const lora: AdaptationConfig = { kind: 'lora', rank: 2, alpha: 2, targets: ['attention'], merged: false };
let tiny: TinyTraining;
let images: TrainingImage[];

async function picture(width: number, height: number, number: number): Promise<TrainingImage> {
  const path = join(tiny.directory, `shaped-${number}.png`);
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (37 * number + 5 * i + Math.floor(i / (3 * width)) * 11) % 256);
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
  return { path };
}

beforeAll(async () => {
  tiny = await tinyTraining(makeTinyBaseModel, 32);
  const sizes = [
    [32, 52],
    [35, 58],
    [32, 32],
    [60, 34],
    [40, 42],
  ];
  images = await Promise.all(sizes.map(([width, height], i) => picture(width, height, i)));
});
afterAll(() => rm(tiny.directory, { recursive: true, force: true }));

function options(name: string, changes: object = {}, more: Partial<TrainStyleForgeOptions> = {}): TrainStyleForgeOptions {
  const hyperparameters = { buckets: true, train_batch_size: 2, train_text_encoder: false, learning_rate: 1e-3, ...changes };
  const given = tiny.options(name, { adaptation: lora, hyperparameters: hyperparameters as never }, more);
  return {
    ...given,
    styleRef: [{ ...given.styleRef[0], images }],
    aux: more.aux === undefined ? { ...given.aux!, images: images.slice().reverse() } : more.aux,
  };
}

describe('the sizes of the buckets', () => {
  it('have at most as many pixels as the square, which is one of them', () => {
    const sizes = bucketSizes(512, 64);
    expect(sizes).toContainEqual([512, 512]);
    expect(sizes).toContainEqual([768, 320]);
    expect(sizes).toContainEqual([320, 768]);
    for (const [height, width] of sizes) {
      expect([height % 64, width % 64]).toEqual([0, 0]);
      expect(height * width).toBeLessThanOrEqual(512 * 512);
      expect(Math.max(height, width)).toBeLessThanOrEqual(1024);
    }
    expect(new Set(sizes.map(String)).size).toBe(sizes.length);
  });

  it('crop at most one step between the sizes from an image', () => {
    const sizes = bucketSizes(512, 64);
    expect(nearestSize([1500, 1000], sizes)).toEqual([640, 384]);
    for (let ratio = 0.35; ratio < 2.9; ratio *= 1.03) {
      const [height, width] = nearestSize([1000, 1000 * ratio], sizes);
      const scale = Math.max(height / 1000, width / (1000 * ratio));
      const kept = (height * width) / (1000 * scale * 1000 * ratio * scale);
      expect(kept, `ratio ${ratio}`).toBeGreaterThan(0.8);
    }
  });
});

describe('batches of the buckets', () => {
  it('contain one bucket each, and every image once per epoch, in a different order for each bucket', () => {
    const buckets = [['a', 'b', 'c'], ['d'], ['e', 'f', 'g', 'h']];
    const draw = (index: number, seed = 1): string[] => drawBucketBatch(buckets, index, { count: 2, seed, purpose: 'x' });
    const epoch = (number: number): string[][] => Array.from({ length: 5 }, (_, i) => draw(5 * number + i));
    for (const number of [0, 1, 2]) {
      expect(new Set(epoch(number).flat())).toEqual(new Set(buckets.flat()));
      for (const batch of epoch(number)) expect(buckets.some((bucket) => batch.every((image) => bucket.includes(image)))).toBe(true);
    }
    expect(epoch(0)).toEqual(epoch(0));
    expect(new Set([0, 1, 2, 3].map((number) => epoch(number).join())).size).toBeGreaterThan(2);
    expect(Array.from({ length: 5 }, (_, i) => draw(i, 2))).not.toEqual(epoch(0));
  });

  it('keep the full height of a portrait, and pass its size to the model', async () => {
    const source = await openBatchSource(options('batches'), await openModel(tiny.base));
    const [portrait, , square] = source.styleRef[0].map(({ image }) => image);
    expect([portrait.height, portrait.size[0]]).toEqual([40, 40]);
    expect(square.size).toEqual([32, 32]);
    for (let pass = 0; pass < 10; pass++) {
      const batches = await drawBatches(source, pass);
      expect(batches).toHaveLength(2);
      for (const { images: told, shape, latents, noise, sampleWeights, styleRefCount } of batches) {
        const size = told[0].target;
        expect(told.every(({ target }) => target.join() === size.join())).toBe(true);
        expect(shape).toEqual(source.latents.shapeOf([size[0], size[1]]));
        expect([latents.length, noise.length]).toEqual(Array(2).fill(2 * shape.reduce((a, b) => a * b)));
        expect([...sampleWeights]).toEqual([0.5, 0.5]);
        expect([0, 2]).toContain(styleRefCount);
      }
      const again = await drawBatches(source, pass);
      expect(again.map(({ latents }) => latents)).toEqual(batches.map(({ latents }) => latents));
      expect(batches[0].noise.slice(0, 4)).not.toEqual(batches[1].noise.slice(0, 4));
    }
    await source.latents.release();
  });
});

describe('training with buckets', () => {
  it('compiles a graph for each additional size when it is needed, reports it, and resumes bit-identically', {
    timeout: 15 * minutes,
  }, async () => {
    const compiled: CompiledShape[] = [];
    const changes = { max_train_steps: 5, checkpointing_steps: 2, gradient_accumulation_steps: 2 };
    const whole = await trainStyleForge(options('whole', changes, { onShape: (shape) => void compiled.push(shape) }));
    expect(compiled.length).toBeGreaterThan(0);
    expect(new Set(compiled.map(({ latentShape }) => latentShape.join())).size).toBe(compiled.length);
    const resumed = await trainStyleForge(options('resumed', changes, { resumeFrom: join(tiny.directory, 'whole', 'checkpoint-2') }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
  });

  it('weights StyleRef and Aux images as without buckets', { timeout: 5 * minutes }, async () => {
    const squares = images.slice(2, 3);
    const losses: number[] = [];
    for (const buckets of [false, true]) {
      const given = options(`squares-${buckets}`, { buckets, max_train_steps: 1, train_batch_size: 1, latent_sampling: 'mean' });
      await trainStyleForge({
        ...given,
        styleRef: [{ ...given.styleRef[0], images: [...squares, ...squares, ...squares] }],
        aux: null,
        config: { ...given.config, aux: null },
        onProgress: ({ loss, gradNorm }) => void losses.push(loss, gradNorm),
      });
    }
    expect(losses.slice(0, 2)).toEqual(losses.slice(2));
  });

  it('computes the gradient of both parts together', { timeout: 5 * minutes }, async () => {
    const norms: number[] = [];
    for (const weight of [0, 1]) {
      const given = options(`both-${weight}`, { max_train_steps: 1 });
      await trainStyleForge({
        ...given,
        config: { ...given.config, aux: { weight } },
        onProgress: ({ gradNorm, loss, styleRefLoss, auxLoss }) => {
          norms.push(gradNorm);
          expect(loss).toBeCloseTo(styleRefLoss + weight * auxLoss!, 6);
        },
      });
    }
    expect(norms[1]).not.toBe(norms[0]);
  });

  it('is refused on a device that supports one graph only', async () => {
    for (const device of ['webgpu', 'cuda'] as const)
      await expect(trainStyleForge(options('refused', {}, { compile: { device } }))).rejects.toThrow(
        new RegExp(`hyperparameters\\.buckets: true .*DEVICE=${device}.*take false, or .*DEVICE=cpu`),
      );
  });
});
