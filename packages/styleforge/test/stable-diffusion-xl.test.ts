// Stable Diffusion XL as a base model: what it is told of images, LoRA and Textual Inversion of both encoders, full fine-tuning, files.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdaptationConfig } from '@styleforge/contracts';
import { loadTextToImagePipeline } from '@styleforge/diffusion';
import {
  checkModel,
  generateImages,
  KOHYA_LORA_FILE,
  LORA_FILE,
  openBatchSource,
  openModel,
  SINGLE_FILE,
  drawBatch,
  drawBatches,
  trainStyleForge,
  type TrainStyleForgeOptions,
} from '@styleforge/styleforge';
import { componentOf, joinWithBase, readDiffusersFolder, SafetensorsReader, writeAdaptedModel } from '@styleforge/weights';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinySdxlBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { fingerprint, tinyTraining, type TinyTraining } from './tiny-training.ts';

const minutes = 60_000;
let tiny: TinyTraining;
beforeAll(async () => {
  tiny = await tinyTraining(makeTinySdxlBaseModel);
});
afterAll(() => rm(tiny.directory, { recursive: true, force: true }));

const lora: AdaptationConfig = { kind: 'lora', rank: 2, alpha: 4, targets: ['attention'], merged: true };
const inversion: AdaptationConfig = { kind: 'textual-inversion', vectors: 2, initial_word: 's', merged: false };

function options(name: string, adaptation: AdaptationConfig, changes: object = {}, more: Partial<TrainStyleForgeOptions> = {}) {
  return tiny.options(name, { adaptation, hyperparameters: { checkpointing_steps: 2, ...changes } as never }, more);
}

async function image(modelDirectory: string, prompt = 'zwx'): Promise<Uint8Array> {
  const made: Uint8Array[] = [];
  const size = { width: 32, height: 64, steps: 2, guidanceScale: 5, sampler: 'euler', seed: 3 } as const;
  await generateImages({ modelDirectory, prompts: [prompt], ...size, onImage: ({ rgb }) => void made.push(rgb) });
  return made[0];
}

const difference = (a: Uint8Array, b: Uint8Array): number => Math.max(...a.map((value, i) => Math.abs(value - b[i])));

async function namesIn(...path: string[]): Promise<string[]> {
  const reader = await SafetensorsReader.open(join(...path));
  await reader.close();
  return reader.names();
}

it('is a base model with a check of every weight, which names a damaged second encoder', { timeout: 5 * minutes }, async () => {
  await checkModel(tiny.base);
  const broken = join(tiny.directory, 'broken');
  await makeTinySdxlBaseModel(broken);
  await rm(join(broken, 'tokenizer_2'), { recursive: true });
  await expect(openModel(broken)).rejects.toThrow(/tokenizer_2 is missing/);
});

describe('training Stable Diffusion XL', () => {
  it('passes the size of the file, the crop of the resized image and the target size to the model', async () => {
    const inputs = options('batches', lora, { crop: 'random', random_flip: true });
    const source = await openBatchSource(inputs, await openModel(tiny.base));
    const seen = new Set<string>();
    for (let pass = 0; pass < 12; pass++) {
      const { images } = await drawBatch(source, pass);
      for (const { original, crop, target } of images) {
        expect([original, target]).toEqual([
          [32, 40],
          [32, 32],
        ]);
        expect(crop[0]).toBe(0);
        expect(crop[1]).toBeGreaterThanOrEqual(0);
        expect(crop[1]).toBeLessThanOrEqual(8);
        seen.add(crop.join());
      }
    }
    expect(seen.size).toBeGreaterThan(4);
    await source.latents.release();
  });

  it('with buckets passes the proportions of each image to the model, and crops none to a square', async () => {
    const sides = [
      [80, 80],
      [64, 250],
      [250, 64],
    ] as const;
    const images = await Promise.all(
      sides.map(async ([width, height]) => {
        const path = join(tiny.directory, `${width}x${height}.png`);
        await sharp({ create: { width, height, channels: 3, background: '#8af' } })
          .png()
          .toFile(path);
        return { path };
      }),
    );
    const given = options('buckets', lora, { buckets: true, resolution: 64, train_batch_size: 1, train_text_encoder: false });
    const source = await openBatchSource(
      { ...given, styleRef: [{ ...given.styleRef[0]!, images }], aux: null, config: { ...given.config, aux: null } },
      await openModel(tiny.base),
    );
    const seen = new Map<string, string>();
    for (let pass = 0; pass < 6; pass++)
      for (const { images: told, shape } of await drawBatches(source, pass))
        for (const { original, crop, target } of told) {
          expect(shape.slice(1)).toEqual(target.map((side) => side / 8));
          expect(crop.every((offset) => offset >= 0)).toBe(true);
          seen.set(original.join('x'), target.join('x'));
        }
    // height first
    expect([...seen].sort()).toEqual([
      ['250x64', '128x32'],
      ['64x250', '32x128'],
      ['80x80', '64x64'],
    ]);
    await source.latents.release();
  });

  it('of a LoRA of the U-Net encodes prompts beforehand and resumes bit-identically, and its files and its merged ' +
    'model generate the same image', {
    timeout: 15 * minutes,
  }, async () => {
    const frozenText = { train_text_encoder: false };
    const whole = await trainStyleForge(options('lora', lora, frozenText));
    const resumed = await trainStyleForge(
      options('lora-resumed', lora, frozenText, { resumeFrom: join(tiny.directory, 'lora', 'checkpoint-2') }),
    );
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
    const names = await namesIn(whole.directory, LORA_FILE);
    expect(names.every((name) => name.startsWith('unet.'))).toBe(true);
    expect((await namesIn(whole.directory, KOHYA_LORA_FILE)).some((name) => name.startsWith('lora_unet_input_blocks_4_1_'))).toBe(true);
    await joinWithBase(whole.directory, tiny.base);
    const own = await image(whole.directory);
    expect(difference(own, await image(tiny.base))).toBeGreaterThan(3);
    const kohya = join(tiny.directory, 'kohya');
    await writeAdaptedModel(kohya, { base: tiny.base, adapters: [{ path: join(whole.directory, KOHYA_LORA_FILE), strength: 1 }] });
    expect(difference(own, await image(kohya))).toBeLessThanOrEqual(1);
    expect(difference(own, await image(join(whole.directory, 'merged')))).toBeLessThanOrEqual(6);
    const single = await namesIn(whole.directory, 'merged', SINGLE_FILE);
    expect(single).toContain('conditioner.embedders.1.model.text_projection');
  });

  it('of B-LoRA trains two blocks only, writes a file for each and one for both, and resumes bit-identically', {
    timeout: 15 * minutes,
  }, async () => {
    const settings = { ...lora, blocks: 'b-lora', merged: false } as AdaptationConfig;
    const frozenText = { train_text_encoder: false };
    const { directory } = await trainStyleForge(options('b-lora', settings, frozenText));
    const resumeFrom = join(tiny.directory, 'b-lora', 'checkpoint-2');
    const resumed = await trainStyleForge(options('b-lora-resumed', settings, frozenText, { resumeFrom }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(directory));
    const blocks = async (file: string): Promise<string[]> =>
      [...new Set((await namesIn(directory, file)).map((name) => name.split('.').slice(0, 5).join('.')))].sort();
    expect(await blocks(LORA_FILE)).toEqual(['unet.up_blocks.0.attentions.0', 'unet.up_blocks.0.attentions.1']);
    expect(await blocks('content.safetensors')).toEqual(['unet.up_blocks.0.attentions.0']);
    expect(await blocks('style.safetensors')).toEqual(['unet.up_blocks.0.attentions.1']);
    await joinWithBase(directory, tiny.base);
    expect(difference(await image(directory), await image(tiny.base))).toBeGreaterThan(3);
  });

  it('with pivotal tuning learns rows of both encoders in addition to its LoRA', { timeout: 15 * minutes }, async () => {
    const pivotal = {
      kind: 'pivotal-tuning',
      rank: 2,
      alpha: 2,
      targets: ['attention'],
      vectors: 1,
      initial_word: 's',
      merged: false,
    } as const;
    const given = options('pivotal', { ...pivotal, targets: [...pivotal.targets] }, { train_text_encoder: false });
    const styleRef = given.styleRef.map((part) => ({ ...part, token: '<zwx>', prompt: 'a photo of <zwx> style' }));
    const { directory } = await trainStyleForge({ ...given, styleRef });
    expect(await namesIn(directory, 'learned_embeds_2.safetensors')).toEqual(['<zwx>']);
    expect((await namesIn(directory, LORA_FILE)).every((name) => name.startsWith('unet.'))).toBe(true);
    await joinWithBase(directory, tiny.base);
    expect(difference(await image(directory, 'a <zwx> s'), await image(tiny.base, 'a <zwx> s'))).toBeGreaterThan(0);
  });

  it('of a LoRA of both text encoders gives them different names', { timeout: 15 * minutes }, async () => {
    const { directory } = await trainStyleForge(options('lora-text', { ...lora, merged: false } as never, { train_text_encoder: true }));
    const names = await namesIn(directory, LORA_FILE);
    for (const component of ['unet', 'text_encoder', 'text_encoder_2'])
      expect(
        names.some((name) => name.startsWith(`${component}.`)),
        component,
      ).toBe(true);
    const kohya = await namesIn(directory, KOHYA_LORA_FILE);
    for (const prefix of ['lora_te1_', 'lora_te2_'])
      expect(
        kohya.some((name) => name.startsWith(prefix)),
        prefix,
      ).toBe(true);
  });

  it('with Textual Inversion learns rows of both encoders and resumes bit-identically, and both layouts generate the same image', {
    timeout: 15 * minutes,
  }, async () => {
    const withToken = (given: TrainStyleForgeOptions): TrainStyleForgeOptions => ({
      ...given,
      styleRef: given.styleRef.map((part) => ({ ...part, token: '<zwx>', prompt: 'a photo of <zwx> style' })),
    });
    const { directory } = await trainStyleForge(withToken(options('inversion', inversion)));
    const again = withToken(options('inversion-again', inversion, {}, { resumeFrom: join(tiny.directory, 'inversion', 'checkpoint-2') }));
    expect(await fingerprint((await trainStyleForge(again)).directory)).toEqual(await fingerprint(directory));
    expect(await namesIn(directory, 'learned_embeds.safetensors')).toEqual(['<zwx>']);
    expect(await namesIn(directory, 'learned_embeds_2.safetensors')).toEqual(['<zwx>']);
    expect((await namesIn(directory, 'a1111', 'zwx.safetensors')).sort()).toEqual(['clip_g', 'clip_l']);
    await joinWithBase(directory, tiny.base);
    const own = await image(directory, 'a photo of <zwx> style');
    expect(difference(own, await image(tiny.base, 'a photo of <zwx> style'))).toBeGreaterThan(0);
    const a1111 = join(tiny.directory, 'a1111');
    await writeAdaptedModel(a1111, { base: tiny.base, adapters: [{ path: join(directory, 'a1111', 'zwx.safetensors'), strength: 1 }] });
    expect(difference(own, await image(a1111, 'a photo of zwx style'))).toBeLessThanOrEqual(1);
  });

  it('of all weights writes a complete folder, in which layers without a gradient are unchanged', { timeout: 15 * minutes }, async () => {
    const { directory } = await trainStyleForge(options('full', { kind: 'full' }, { train_text_encoder: true, max_train_steps: 2 }));
    await checkModel(directory);
    const [base, tuned] = [await readDiffusersFolder(tiny.base), await readDiffusersFolder(directory)];
    for (const [component, name, moved] of [
      ['text_encoder', 'encoder.layers.2.mlp.fc1.weight', false],
      ['text_encoder', 'encoder.layers.1.mlp.fc1.weight', true],
      ['text_encoder_2', 'text_projection.weight', true],
      ['unet', 'add_embedding.linear_1.weight', true],
    ] as const) {
      const [a, b] = [await componentOf(base, component).openWeights(), await componentOf(tuned, component).openWeights()];
      expect((await a.read(name)).join() !== (await b.read(name)).join(), `${component} ${name}`).toBe(moved);
      await Promise.all([a.close(), b.close()]);
    }
    expect(JSON.parse(await readFile(join(directory, 'model_index.json'), 'utf8'))).toMatchObject({
      _class_name: 'StableDiffusionXLPipeline',
    });
  });
});

it('guides away from zeros without a negative prompt, and from its text with one, even if it is empty', {
  timeout: 5 * minutes,
}, async () => {
  const pipeline = await loadTextToImagePipeline(tiny.base);
  const made: Uint8Array[] = [];
  for (const negativePrompt of [undefined, '', 'dog']) {
    const settings = { prompts: ['zwx'], steps: 2, guidanceScale: 5, sampler: 'euler', seed: 3, width: 32, height: 32 } as const;
    for await (const { rgb } of pipeline.generate({ ...settings, ...(negativePrompt !== undefined && { negativePrompt }) })) made.push(rgb);
  }
  expect(new Set(made.map((rgb) => rgb.join())).size).toBe(3);
  await pipeline.release();
});
