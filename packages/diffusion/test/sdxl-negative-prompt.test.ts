// Stable Diffusion XL distinguishes a missing negative prompt from an empty one: latents of both against diffusers' pipeline.
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { loadTextToImagePipeline, type TextToImagePipeline } from '@styleforge/diffusion';
import { openTensors, type TensorReader } from '@styleforge/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';

const tests = fileURLToPath(new URL('../../../test/', import.meta.url));
const methods = JSON.parse(readFileSync(`${tests}golden-methods/methods.json`, 'utf8')) as {
  tolerances: { sampler: number };
  cases: { 'sdxl.sample': { steps: number; guidance_scale: number } };
};

let pipeline: TextToImagePipeline;
let [given, reference]: TensorReader[] = [];
beforeAll(async () => {
  pipeline = await loadTextToImagePipeline(`${tests}golden-methods/tiny-sdxl`);
  given = await openTensors(`${tests}golden-methods/sdxl-sample.safetensors`);
  reference = await openTensors(`${tests}golden/sdxl-negative.safetensors`);
});
afterAll(async () => void (await Promise.all([pipeline.release(), given?.close(), reference?.close()])));

const idsOf = (reader: TensorReader, prefix = '') => Promise.all(['input_ids', 'input_ids_2'].map((name) => reader.read(prefix + name)));

it.each([
  ['none', undefined],
  ['empty', ''],
])('%s', { timeout: 120_000 }, async (name, text) => {
  const prompt = await pipeline.encodeText(await idsOf(given!));
  const [height = 0, width = 0, top = 0, left = 0, targetHeight = 0, targetWidth = 0] = await given!.read('time_ids');
  const latents = await pipeline.denoise(
    {
      latents: await given!.read('latents'),
      shape: given!.info('latents').shape as [number, number, number, number],
      prompts: [prompt],
      negativePrompt: pipeline.negativeOf(text, await pipeline.encodeText(await idsOf(reference!, 'empty.'))),
      image: { original: [height, width], crop: [top, left], target: [targetHeight, targetWidth] },
    },
    { steps: methods.cases['sdxl.sample'].steps, guidanceScale: methods.cases['sdxl.sample'].guidance_scale, sampler: 'euler' },
  );
  const theirs = await reference!.read(`${name}.latents`);
  const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = theirs.reduce((most, value, i) => Math.max(most, Math.abs(latents[i]! - value)), 0) / largest;
  expect(difference).toBeLessThan(methods.tolerances.sampler);
});
