// What the trainer reads of the images it is given: pixels, crops, captions, latents and noise, without any training.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cropOf,
  drawBatch,
  loadImage,
  openBatchSource,
  openModel,
  toPixelValues,
  type Batch,
  type BatchSource,
  type StyleForgeConfig,
  type TrainableModel,
  type TrainingImage,
} from '@styleforge/styleforge';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { drawPrompt, promptChoice, tagOrders } from '../src/data/captions.ts';
import { PromptList, PromptRows } from '../src/data/prompts.ts';

let scratch: string;
let model: TrainableModel;
const images: TrainingImage[] = [];

const hyperparameters: StyleForgeConfig['hyperparameters'] = {
  max_train_steps: 4,
  learning_rate: 1e-3,
  lr_scheduler: 'constant',
  lr_warmup_steps: 0,
  lr_num_cycles: 1,
  lr_power: 1,
  train_batch_size: 2,
  gradient_accumulation_steps: 1,
  max_grad_norm: 1,
  optimizer: 'adamw',
  prodigy_d_coef: 1,
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  adam_weight_decay: 1e-2,
  snr_gamma: null,
  resolution: 32,
  crop: 'center',
  buckets: false,
  masked_loss: false,
  unmasked_weight: 0,
  seed: 1337,
  random_flip: false,
  use_captions: false,
  caption_dropout: 0,
  shuffle_tags: false,
  keep_tags: 0,
  latent_sampling: 'sample',
  noise_offset: 0,
  train_text_encoder: true,
  text_encoder_learning_rate: null,
  adam_moments: 'float32',
  gradient_precision: 'float32',
  mixed_precision: 'no',
  gradient_checkpointing: false,
  ema: false,
  checkpointing_steps: null,
};

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-data-'));
  await makeTinyBaseModel(join(scratch, 'base'));
  model = await openModel(join(scratch, 'base'));
  for (let i = 0; i < 3; i++) {
    const path = join(scratch, `${i}.png`);
    const pixels = Uint8Array.from({ length: 48 * 32 * 3 }, (_, at) => (at * (3 + i) + 50 * i) % 256);
    await sharp(pixels, { raw: { width: 48, height: 32, channels: 3 } })
      .png()
      .toFile(path);
    images.push(i === 2 ? { path } : { path, caption: `a picture of the number ${i}` });
  }
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function withSource<T>(changes: Partial<StyleForgeConfig['hyperparameters']>, use: (source: BatchSource) => Promise<T>): Promise<T> {
  const config = { hyperparameters: { ...hyperparameters, ...changes }, aux: { weight: 1 } };
  const source = await openBatchSource(
    {
      config,
      styleRef: [{ component: 'all', token: 'zwx', prompt: 'a photo of zwx style', images }],
      aux: { prompt: 'a photo of style', images },
    },
    model,
  );
  return use(source).finally(() => source.latents.release());
}
const batch = (changes: Partial<StyleForgeConfig['hyperparameters']>, pass = 0): Promise<Batch> =>
  withSource(changes, (source) => drawBatch(source, pass));

describe('training images', () => {
  it('are turned upright and put on a white background', async () => {
    const path = join(scratch, 'turned.png');
    const half = await sharp({ create: { width: 64, height: 16, channels: 4, background: '#ff0000ff' } })
      .png()
      .toBuffer();
    // The red half is above the clear one; orientation 6 turns it to the right.
    await sharp({ create: { width: 64, height: 32, channels: 4, background: '#00000000' } })
      .composite([{ input: half, left: 0, top: 0 }])
      .withMetadata({ orientation: 6 })
      .png()
      .toFile(path);
    const { width, height, rgb } = await loadImage({ path }, 32);
    expect([width, height]).toEqual([32, 64]);
    const pixel = (x: number, y: number) => [...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    expect(pixel(28, 32)).toEqual([255, 0, 0]);
    expect(pixel(3, 32)).toEqual([255, 255, 255]);
  });

  it('are mirrored exactly half of the time', async () => {
    const image = await loadImage(images[0], 32);
    const options = { resolution: 32, crop: 'center' as const, randomFlip: true };
    const flips = Array.from({ length: 400 }, (_, step) => cropOf(image, options, { seed: 1, step, index: 0 }).flipped);
    expect(flips.filter(Boolean).length).toBeGreaterThan(160);
    expect(flips.filter(Boolean).length).toBeLessThan(240);
    const [upright, mirrored] = [false, true].map((flipped) => toPixelValues(image, 32, { left: 8, top: 0, flipped }));
    for (let row = 0; row < 3 * 32; row++)
      expect(mirrored.slice(row * 32, (row + 1) * 32)).toEqual(upright.slice(row * 32, (row + 1) * 32).reverse());
  });

  it('are cropped in the middle, or at a random position', async () => {
    const image = await loadImage(images[0], 32);
    const left = (crop: 'center' | 'random') =>
      Array.from(
        { length: 200 },
        (_, step) => cropOf(image, { resolution: 32, crop, randomFlip: false }, { seed: 1, step, index: 0 }).left,
      );
    expect(new Set(left('center'))).toEqual(new Set([8]));
    expect(new Set(left('random')).size).toBe(17);
  });
});

describe('training batches', () => {
  it('append the caption of an image to its prompt if use_captions is set', async () => {
    expect(await withSource({}, async ({ prompts }) => prompts)).toEqual(['a photo of zwx style', 'a photo of style']);
    await withSource({ use_captions: true }, async (source) => {
      expect(source.prompts).toEqual([
        'a photo of zwx style, a picture of the number 0',
        'a photo of zwx style, a picture of the number 1',
        'a photo of zwx style',
        'a photo of style, a picture of the number 0',
        'a photo of style, a picture of the number 1',
        'a photo of style',
      ]);
      const { read, promptOfSample } = await drawBatch(source, 0);
      expect(read).toHaveLength(4);
      expect([...promptOfSample]).toEqual([0, 1, 2, 3]);
      expect(read.map((prompt) => prompt < 3)).toEqual([true, true, false, false]);
    });
  });

  it('omit the configured share of captions, and the same ones after a resume', async () => {
    const told = { use_captions: true, caption_dropout: 0.25 };
    const drawn = () =>
      withSource(told, async (source) => {
        const texts: string[] = [];
        for (let pass = 0; pass < 100; pass++) {
          const { read, promptOfSample } = await drawBatch(source, pass);
          texts.push(...Array.from(promptOfSample, (place) => source.prompts[read[place]]));
        }
        return texts;
      });
    const [first, again] = [await drawn(), await drawn()];
    expect(again).toEqual(first);
    const captionless = first.filter((text) => !text.includes(',')).length / first.length;
    // a third of the images have no caption, of the others a quarter of the uses
    expect(captionless).toBeGreaterThan(1 / 3 + (2 / 3) * 0.15);
    expect(captionless).toBeLessThan(1 / 3 + (2 / 3) * 0.35);
  });

  it('shuffle the tags after those that are kept, in orders that the seed decides', () => {
    const orders = tagOrders('ink, cat, red, sitting', { keep_tags: 1, seed: 3 });
    expect(orders).toHaveLength(6);
    expect(new Set(orders).size).toBe(6);
    expect(orders[0]).toBe('ink, cat, red, sitting');
    for (const order of orders) expect(order.split(', ').sort()).toEqual(['cat', 'ink', 'red', 'sitting']);
    expect(orders.every((order) => order.startsWith('ink, '))).toBe(true);
    expect(tagOrders('ink, cat, red, sitting', { keep_tags: 1, seed: 3 })).toEqual(orders);
    expect(tagOrders('a, b, c, d, e, f', { keep_tags: 0, seed: 4 })).toHaveLength(16);
    expect(tagOrders('cat', { keep_tags: 0, seed: 4 })).toEqual(['cat']);
  });

  it("use all orders of an image's tags, as the seed and the position decide", () => {
    const tags = { use_captions: true, shuffle_tags: true, seed: 9 };
    const list = new PromptList();
    const { captioned, bare } = promptChoice(list, 'zwx', 'a, b, c', { ...tags, keep_tags: 0, caption_dropout: 0 });
    expect(list.texts).toHaveLength(6);
    const choice = { captioned, bare };
    const at = (step: number) => drawPrompt(choice, { ...tags, keep_tags: 0, caption_dropout: 0 }, { step, index: 0 });
    expect(new Set(Array.from({ length: 100 }, (_, step) => at(step))).size).toBe(6);
    expect(at(7)).toBe(at(7));
  });

  it('sample latents again each time, or use their mean', async () => {
    const [sampled, means] = [await batch({}), await batch({ latent_sampling: 'mean' })];
    expect(sampled.latents).not.toEqual(means.latents);
    // Three images, two a pass: after a pass and a half each has been used once.
    const passes = await withSource({ latent_sampling: 'mean' }, async (source) => [
      await drawBatch(source, 0),
      await drawBatch(source, 1),
      await drawBatch(source, 2),
    ]);
    const rows = passes.flatMap(({ latents }) =>
      Array.from({ length: 2 }, (_, i) => latents.slice((i * latents.length) / 4, ((i + 1) * latents.length) / 4).join()),
    );
    expect(new Set(rows).size).toBe(3);
    expect(new Set(rows.slice(0, 3)).size).toBe(3);
  });

  it('encode an image once if its crop never changes, a mirrored one once for each side, and others at every use', async () => {
    const keys = Array.from({ length: 12 }, (_, step) => ({ step, index: 0 }));
    const encodings = (changes: Partial<StyleForgeConfig['hyperparameters']>) =>
      withSource(changes, async ({ styleRef: [[{ image }]], latents }) => {
        const moments = [];
        for (const key of keys) moments.push(await latents.moments(image, latents.cropOf(image, key)));
        return new Set(moments).size;
      });
    expect([await encodings({}), await encodings({ random_flip: true }), await encodings({ crop: 'random' })]).toEqual([1, 2, 12]);
  });

  it('encode the prompts of a frozen text encoder once, with the same result', async () => {
    const folder = join(scratch, 'frozen');
    await makeTinyBaseModel(folder);
    const frozen = await openModel(folder);
    const rows = await PromptRows.create(frozen, ['a photo of zwx style', 'a photo of style'], false);
    await rm(folder, { recursive: true });
    const states = (read: number[]): Float32Array => rows.feed(read).encoder_hidden_states as Float32Array;
    const [first, second] = [states([0]), states([1])];
    expect(first).not.toEqual(second);
    expect(states([1, 0, 1])).toEqual(Float32Array.of(...second, ...first, ...second));
  });

  it('shift the noise of each channel by one additional value', async () => {
    const [plain, shifted] = [await batch({}), await batch({ noise_offset: 0.1 })];
    const plane = plain.noise.length / (4 * 4);
    const shifts = Array.from({ length: plain.noise.length / plane }, (_, channel) => {
      const differences = Array.from({ length: plane }, (_, i) => shifted.noise[channel * plane + i] - plain.noise[channel * plane + i]);
      for (const difference of differences) expect(difference).toBeCloseTo(differences[0], 5);
      return differences[0];
    });
    expect(new Set(shifts).size).toBe(16);
    expect(Math.max(...shifts.map(Math.abs))).toBeLessThan(0.5);
  });
});
