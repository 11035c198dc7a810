// The configs that a single file of Stable Diffusion is given: they must ask for exactly the published numbers of parameters.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elementCount } from '@styleforge/autodiff';
import { CLIPTokenizer, modelOf } from '@styleforge/diffusion';
import { elementsOf, memoryNeed, requireMemory, smallestGraphs } from '@styleforge/styleforge';
import type { SingleFileLayout } from '@styleforge/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  stableDiffusion1,
  stableDiffusion2,
  stableDiffusionXl,
  stableDiffusionXlConfigs,
  stableDiffusionXlIndex,
} from '../src/base-models/layouts.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-layouts-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

function countsOf({ modelIndex, configs }: SingleFileLayout): Record<string, number> {
  return Object.fromEntries(
    [...smallestGraphs(modelOf(modelIndex, configs))].map(([name, { parameters }]) => [
      name,
      [...parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
    ]),
  );
}

it('Stable Diffusion 1.x: 859.5 M, 83.7 M and 123.1 M', () => {
  expect(countsOf(stableDiffusion1())).toEqual({ unet: 859_520_964, vae: 83_653_863, text_encoder: 123_060_480 });
});

it('Stable Diffusion 2.x: 865.9 M, 83.7 M and 340.4 M; short texts end with the token 0', async () => {
  const layout = await stableDiffusion2('v_prediction', scratch);
  expect(countsOf(layout)).toEqual({ unet: 865_910_724, vae: 83_653_863, text_encoder: 340_387_840 });
  expect(layout.schedulerConfig['prediction_type']).toBe('v_prediction');
  expect(JSON.parse(await readFile(join(layout.tokenizers.tokenizer!, 'special_tokens_map.json'), 'utf8'))).toMatchObject({
    pad_token: '!',
  });
  const [first = [], second = []] = await Promise.all(
    [stableDiffusion1(), layout].map(async ({ tokenizers }) => [
      ...(await CLIPTokenizer.fromDirectory(tokenizers.tokenizer!)).encode('a house'),
    ]),
  );
  expect(second.slice(0, 4)).toEqual(first.slice(0, 4));
  expect([first[3], ...first.slice(4, 6), ...second.slice(4, 6)]).toEqual([49407, 49407, 49407, 0, 0]);
});

it('Stable Diffusion XL: 2567.5 M, 83.7 M, 123.1 M and 694.7 M; two tokenizers', async () => {
  const layout = await stableDiffusionXl('epsilon', scratch);
  expect(countsOf(layout)).toEqual({ unet: 2_567_463_684, vae: 83_653_863, text_encoder: 123_060_480, text_encoder_2: 694_659_840 });
  const ids = await Promise.all(
    Object.values(layout.tokenizers).map(async (directory) => (await CLIPTokenizer.fromDirectory(directory)).encode('a house')),
  );
  expect(ids.map((row) => row[4])).toEqual([49407, 0]);
});

it('full fine-tuning of Stable Diffusion XL is refused on 24 GiB with the memory it needs and what helps; a LoRA fits', () => {
  const model = modelOf(stableDiffusionXlIndex, stableDiffusionXlConfigs);
  const unet = new Map([...elementsOf(smallestGraphs(model).get('unet')!)].map(([name, count]) => [`unet.${name}`, count] as const));
  const whole = { optimizer: 'adamw', momentPrecision: 'float32', gradientPrecision: 'float32', ema: false } as const;
  const full = memoryNeed(unet, () => true, whole);
  expect(Math.round(full.bytes / 1e9)).toBe(41);
  expect(() => requireMemory(full, 24 * 2 ** 30)).toThrow(
    /needs 38\.3 GiB .* 2567\.5 million trained .* has 24\.0 GiB: train fewer weights .*adaptation lora/,
  );
  requireMemory(full, 48 * 2 ** 30);
  const lora = memoryNeed(new Map([...unet, ['unet.lora_A', 23_224_320]]), (name) => name.includes('lora'), whole);
  requireMemory(lora, 24 * 2 ** 30);
});
