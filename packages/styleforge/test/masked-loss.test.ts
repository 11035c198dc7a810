// Masked loss: the numbers of torch, masks that follow crop and mirror, training that resumes exactly, and refusals.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Graph, gradients } from '@styleforge/autodiff';
import { Program } from '@styleforge/runtime';
import {
  loadImage,
  meanSquaredErrors,
  toLatentMask,
  type TrainingImage,
  trainStyleForge,
  type TrainStyleForgeOptions,
} from '@styleforge/styleforge';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, tinyTraining, type TinyTraining } from './tiny-training.ts';

const minutes = 60_000;

interface Reference {
  readonly size: readonly [number, number];
  readonly factor: number;
  readonly mask: readonly number[][];
  readonly prediction: readonly number[];
  readonly target: readonly number[];
  readonly cases: readonly { least: number; flipped: boolean; weights: number[]; losses: number[]; gradient: number[] }[];
}

const reference = JSON.parse(await readFile(new URL('../../../test/golden/masked-loss.json', import.meta.url), 'utf8')) as Reference;

function expectClose(ours: ArrayLike<number>, theirs: readonly number[]): void {
  expect(ours.length).toBe(theirs.length);
  theirs.forEach((value, i) => expect(ours[i]).toBeCloseTo(value, 6));
}

it.each(reference.cases)(
  "equals torch's numbers (least weight $least, mirrored: $flipped)",
  async ({ least, flipped, weights, losses, gradient }) => {
    const { size, factor, mask, prediction, target } = reference;
    const ours = mask.map((values) =>
      toLatentMask({ mask: Uint8Array.from(values), width: size[1], size }, { left: 0, top: 0, flipped }, { factor, least }),
    );
    expectClose(Float32Array.from(ours.flatMap((values) => [...values])), weights);
    const [rows, columns] = [size[0] / factor, size[1] / factor];
    const shape = [mask.length, 4, rows, columns];
    const graph = new Graph();
    const [predicted, wanted] = [graph.input('prediction', shape), graph.input('target', shape)];
    const errors = meanSquaredErrors(graph, predicted, wanted, graph.input('mask', [mask.length, 1, rows, columns]));
    const [slope] = gradients(graph, graph.reduceSum(errors, [0]), [predicted]);
    const program = await Program.compile(graph, { errors, slope });
    const feeds = { prediction: Float32Array.from(prediction), target: Float32Array.from(target), mask: Float32Array.from(weights) };
    const result = await program.run(feeds);
    expectClose(result.errors, losses);
    expectClose(result.slope, gradient);
    await program.release();
  },
);

describe('training with masks', () => {
  let tiny: TinyTraining;
  beforeAll(async () => {
    tiny = await tinyTraining();
  });
  afterAll(() => rm(tiny.directory, { recursive: true, force: true }));

  /** White at the left of `share` of the width. */
  async function maskFile(name: string, share: number, [width, height] = [40, 32]): Promise<string> {
    const path = join(tiny.directory, name);
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i % width < share * width ? 255 : 0));
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .png()
      .toFile(path);
    return path;
  }

  function options(name: string, changes: object, mask: string | null, more: Partial<TrainStyleForgeOptions> = {}): TrainStyleForgeOptions {
    const hyperparameters = { train_text_encoder: false, learning_rate: 1e-3, masked_loss: true, ...changes };
    const adaptation = { kind: 'lora', rank: 2, alpha: 2, targets: ['attention'], merged: false } as const;
    const given = tiny.options(
      name,
      { adaptation: { ...adaptation, targets: ['attention'] }, hyperparameters: hyperparameters as never },
      more,
    );
    const masked = (images: readonly TrainingImage[]): TrainingImage[] => images.map((image) => ({ ...image, maskPath: mask }));
    return { ...given, styleRef: [{ ...given.styleRef[0], images: masked(given.styleRef[0].images) }] };
  }

  it('crops a mask with its image', async () => {
    const path = tiny.options('x', {}).styleRef[0].images[0].path;
    const image = await loadImage({ path, maskPath: await maskFile('half.png', 0.5) }, 32);
    const columns = (left: number, flipped: boolean): number[] =>
      [...toLatentMask(image, { left, top: 0, flipped }, { factor: 8, least: 0 })]
        .slice(0, 4)
        .map((value) => Math.round(value * 100) / 100);
    expect(columns(0, false)).toEqual([1, 1, 0.5, 0]);
    expect(columns(8, false)).toEqual([1, 0.5, 0, 0]);
    expect(columns(8, true)).toEqual([0, 0, 0.5, 1]);
  });

  it('counts only the masked part, changes nothing with a white mask, and resumes bit-identically', {
    timeout: 15 * minutes,
  }, async () => {
    const losses: number[] = [];
    const run = async (name: string, changes: object, mask: string | null): Promise<void> => {
      const onProgress = ({ styleRefLoss, auxLoss }: { styleRefLoss: number; auxLoss: number | null }): void =>
        void losses.push(styleRefLoss, auxLoss!);
      await trainStyleForge(options(name, { max_train_steps: 1, ...changes }, mask, { onProgress }));
    };
    await run('plain', { masked_loss: false }, null);
    await run('white', {}, await maskFile('white.png', 1));
    await run('half', {}, await maskFile('half.png', 0.5));
    const [plain, aux, white, whiteAux, half, halfAux] = losses;
    expect([white, whiteAux]).toEqual([plain, aux]);
    expect(half).toBeLessThan(plain);
    expect(half).toBeGreaterThan(0);
    // an image without a mask counts whole
    expect(halfAux).toBe(aux);
    const half2 = await maskFile('half2.png', 0.5);
    const settings = { max_train_steps: 3, checkpointing_steps: 1, random_flip: true, unmasked_weight: 0.1, buckets: true };
    const whole = await trainStyleForge(options('whole', settings, half2));
    const resumeFrom = join(tiny.directory, 'whole', 'checkpoint-1');
    const resumed = await trainStyleForge(options('resumed', settings, half2, { resumeFrom }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
  });

  it('refuses a mask of another size and an empty one, and names the image', async () => {
    await expect(trainStyleForge(options('size', {}, await maskFile('small.png', 1, [20, 16])))).rejects.toThrow(
      /the mask of style-\d\.png has 20x16 pixels, and the image 40x32/,
    );
    await expect(trainStyleForge(options('black', {}, await maskFile('black.png', 0)))).rejects.toThrow(
      /the mask of style-\d\.png is black all over/,
    );
  });
});
