// Text to image: the reference image, and the guarantees of seeds, batches, guidance and abort signals.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TensorReader } from '@styleforge/weights';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTextToImagePipeline, TextToImagePipeline, type GeneratedImage, type TextToImageOptions } from '../src/index.ts';
import { goldenDirectory, goldenFile, relativeDifference } from './golden-models.ts';

let golden: TensorReader;
let pipeline: TextToImagePipeline;
let folder: string;

/** Writes a tokenizer. The reference checkpoint has a vocabulary of 1000 and no tokenizer, so letters are tokens here. */
async function writeTokenizer(directory: string): Promise<void> {
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
  const vocabulary = Object.fromEntries([...letters, ...letters.map((letter) => `${letter}</w>`)].map((token, id) => [token, id]));
  await mkdir(directory);
  await writeFile(join(directory, 'vocab.json'), JSON.stringify({ ...vocabulary, '<|startoftext|>': 998, '<|endoftext|>': 999 }));
  await writeFile(join(directory, 'merges.txt'), '#version: 0.2\n');
}

beforeAll(async () => {
  golden = await goldenFile('text-to-image.safetensors');
  folder = await mkdtemp(join(tmpdir(), 'text-to-image-'));
  await cp(join(goldenDirectory, 'tiny-sd'), folder, { recursive: true });
  await writeTokenizer(join(folder, 'tokenizer'));
  pipeline = await loadTextToImagePipeline(folder, { threads: 1 });
});
afterAll(async () => {
  await golden.close();
  await pipeline.release();
  await rm(folder, { recursive: true });
});

async function collect(options: Partial<TextToImageOptions>): Promise<GeneratedImage[]> {
  const images: GeneratedImage[] = [];
  const settings: TextToImageOptions = { prompts: ['a cat'], steps: 3, guidanceScale: 5, sampler: 'ddim', seed: 11, ...options };
  for await (const image of pipeline.generate(settings)) images.push(image);
  return images;
}

describe('reference image', () => {
  it('ten guided DDIM steps from given latents', async () => {
    const [prompt, negativePrompt] = await Promise.all(
      ['input_ids', 'negative_input_ids'].map(async (name) => pipeline.encodeText([await golden.read(name)])),
    );
    const shape = [1, 4, 8, 8] as const;
    const latents = await pipeline.denoise(
      { latents: await golden.read('latents'), shape, prompts: [prompt], negativePrompt },
      { steps: 10, guidanceScale: 7.5, sampler: 'ddim' },
    );
    expect(relativeDifference(latents, await golden.read('final_latents'))).toBeLessThan(1e-4);
    expect(relativeDifference(await pipeline.decode(latents, shape), await golden.read('image'))).toBeLessThan(1e-3);
  });
});

describe('generation', () => {
  it('gives each image its own seed and the size of the U-Net, and is repeatable', async () => {
    const images = await collect({ prompts: ['a cat', 'a dog'], imagesPerPrompt: 2 });
    expect(images.map(({ index, prompt, seed, width, height }) => ({ index, prompt, seed, width, height }))).toEqual([
      { index: 0, prompt: 'a cat', seed: 11, width: 16, height: 16 },
      { index: 1, prompt: 'a cat', seed: 12, width: 16, height: 16 },
      { index: 2, prompt: 'a dog', seed: 13, width: 16, height: 16 },
      { index: 3, prompt: 'a dog', seed: 14, width: 16, height: 16 },
    ]);
    expect(images.every(({ rgb }) => rgb.length === 16 * 16 * 3)).toBe(true);
    expect(new Set(images.map(({ rgb }) => rgb.join())).size).toBe(4);
    expect(await collect({ prompts: ['a cat', 'a dog'], imagesPerPrompt: 2 })).toEqual(images);
  });

  it('does not depend on the batch', async () => {
    const prompts = ['a cat', 'a dog', 'a horse'];
    const together = await collect({ prompts, batchSize: 3 });
    const oneByOne = await collect({ prompts, batchSize: 1 });
    const uneven = await collect({ prompts, batchSize: 2 });
    const alone = await collect({ prompts: ['a horse'], seed: 13 });
    const largest = (a: Uint8Array, b: Uint8Array): number => Math.max(...a.map((value, i) => Math.abs(value - b[i])));
    together.forEach((image, i) => {
      expect(largest(image.rgb, oneByOne[i].rgb)).toBeLessThanOrEqual(1);
      expect(largest(image.rgb, uneven[i].rgb)).toBeLessThanOrEqual(1);
    });
    expect(largest(together[2].rgb, alone[0].rgb)).toBeLessThanOrEqual(1);
  });

  it('runs the U-Net once a step for a whole batch of prompts, but not for more than memory allows', async () => {
    const stepsFor = async (options: Partial<TextToImageOptions>): Promise<number> => {
      let steps = 0;
      await collect({ steps: 1, ...options, onStep: () => void steps++ });
      return steps;
    };
    const prompts = Array.from('abcdefghij');
    expect(await stepsFor({ prompts })).toBe(2);
    expect(await stepsFor({ prompts: prompts.slice(0, 8) })).toBe(1);
    expect(await stepsFor({ prompts: prompts.slice(0, 3), width: 96, height: 96 })).toBe(3);
  });

  it('follows prompt, negative prompt and guidance; without guidance the negative prompt has no effect', async () => {
    const [plain] = await collect({});
    for (const change of [{ prompts: ['a dog'] }, { negativePrompt: 'blurry' }, { guidanceScale: 9 }, { seed: 12 }, { steps: 4 }]) {
      expect((await collect(change))[0].rgb, JSON.stringify(change)).not.toEqual(plain.rgb);
    }
    const [unguided] = await collect({ guidanceScale: 1 });
    expect((await collect({ guidanceScale: 1, negativePrompt: 'blurry' }))[0].rgb).toEqual(unguided.rgb);
  });

  it.each(['ddim', 'pndm', 'dpmsolver++', 'dpmsolver++karras', 'euler', 'unipc'] as const)(
    'works with %s, at a size that is not square',
    async (sampler) => {
      const [image] = await collect({ sampler, width: 24, height: 8 });
      expect([image.width, image.height, image.rgb.length]).toEqual([24, 8, 24 * 8 * 3]);
      expect(new Set(image.rgb).size).toBeGreaterThan(20);
    },
  );

  it('starts from an image: a lower strength keeps more of it, and runs that share of the steps', async () => {
    const rgb = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (Math.floor(i / 3) % 16 < 8 ? 230 : 40));
    const steps: number[] = [];
    const from = async (strength: number) => {
      let taken = 0;
      const [image] = await collect({ steps: 10, from: { rgb, strength }, onStep: () => void taken++ });
      steps.push(taken);
      return image!.rgb;
    };
    const distance = (other: Uint8Array) => other.reduce((sum, value, i) => sum + Math.abs(value - reference[i]!), 0);
    // The result of the autoencoder alone.
    const latents = await pipeline.encode(rgb, 16, 16);
    const reference = (await pipeline.decode(latents, [1, 4, 8, 8])).map((value) => value * 255);
    const planes = Uint8Array.from({ length: rgb.length }, (_, i) => reference[(i % 3) * 256 + Math.floor(i / 3)]!);
    reference.set(planes);
    const [low, high] = [await from(0.1), await from(1)];
    expect(steps).toEqual([1, 10]);
    expect(distance(low)).toBeLessThan(distance(high));
    expect(await from(0.1)).toEqual(low);
  });

  it('reports steps and stops when told', async () => {
    const seen: string[] = [];
    await collect({ onStep: (step, of) => void seen.push(`${step}/${of}`) });
    expect(seen).toEqual(['1/3', '2/3', '3/3']);
    const controller = new AbortController();
    const stopped = collect({ signal: controller.signal, onStep: () => controller.abort(new Error('enough')) });
    await expect(stopped).rejects.toThrow('enough');
  });

  it('refuses unsupported requests and names the reason', async () => {
    await expect(collect({ width: 15 })).rejects.toThrow('width is 15: give a multiple of 2');
    await expect(collect({ seed: -1 })).rejects.toThrow('seed is -1');
    const untokenized = await loadTextToImagePipeline(join(goldenDirectory, 'tiny-sd'));
    await expect(untokenized.generate({ prompts: ['x'], steps: 1, guidanceScale: 1, sampler: 'ddim', seed: 1 }).next()).rejects.toThrow(
      'no tokenizer',
    );
  });
});
