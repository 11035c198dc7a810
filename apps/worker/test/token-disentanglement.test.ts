// The tokens of a Multi-StyleForge model, trained and judged for real at tiny size.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenDisentanglement } from '@styleforge/contracts';
import { loadTextToImagePipeline } from '@styleforge/diffusion';
import { openExtractor } from '@styleforge/metrics';
import { measureTokens, type TokenMeasurement } from '@styleforge/worker';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';

const golden = fileURLToPath(new URL('../../../test/golden/', import.meta.url));
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-tokens-'));
  await makeTinyBaseModel(join(scratch, 'base'));
  await cp(join(golden, 'clip-preprocessing'), join(scratch, 'clip'), { recursive: true });
  await cp(join(golden, 'tiny-clip'), join(scratch, 'clip'), { recursive: true });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function pictures(name: string, background: string): Promise<{ path: string; fileName: string; caption: null; maskPath: null }[]> {
  return Promise.all(
    [0, 1, 2].map(async (i) => {
      const path = join(scratch, `${name}-${i}.png`);
      await sharp({ create: { width: 32 + i, height: 32, channels: 3, background } })
        .png()
        .toFile(path);
      return { path, fileName: basename(path), caption: null, maskPath: null };
    }),
  );
}

it('is a report in the form of the contract: each token alone and all together, the same every time', async () => {
  const extractor = await openExtractor({ name: 'clip', weights: { path: join(scratch, 'clip') } });
  const pipeline = await loadTextToImagePipeline(join(scratch, 'base'));
  const task: TokenMeasurement = {
    extractor,
    pipeline,
    prompts: ['a house', 'a tree'],
    imagesPerPrompt: 2,
    signal: new AbortController().signal,
    components: [
      { component: 'person', token: 'zwx', prompt: 'a photo of zwx style', images: await pictures('person', 'red') },
      { component: 'background', token: 'ukj', prompt: 'a photo of ukj style', images: await pictures('background', 'blue') },
      { component: 'object', token: 'sks', prompt: 'a photo of sks style', images: await pictures('object', 'lime') },
    ],
    sampling: { sampler: 'ddim', steps: 2, guidanceScale: 4, negativePrompt: '', seed: 3, width: 32, height: 32 },
  };
  const result = await measureTokens(task);
  expect(tokenDisentanglement.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  expect(result).toMatchObject({ extractor: 'clip', prompts: 2, images_per_prompt: 2 });
  expect(result.components.map(({ name, references, recognised }) => [name, references, recognised])).toEqual([
    ['person', 3, 1],
    ['background', 3, 1],
    ['object', 3, 1],
  ]);
  expect(result.conditions.map(({ prefix }) => prefix)).toEqual([
    '',
    'a photo of zwx style',
    'a photo of ukj style',
    'a photo of sks style',
    'a photo of zwx style, ukj style, sks style',
  ]);
  // The base model reads the tokens as words: their effect on its images is not the noise of other seeds.
  for (const { pulls } of result.conditions.slice(1)) expect(pulls.some(({ gain }) => gain.value !== 0)).toBe(true);
  expect(await measureTokens(task)).toEqual(result);
  await Promise.all([extractor.release(), pipeline.release()]);
}, 120_000);
