// npm run showcase: one job through a whole service, and what is left of it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingJobBody } from '@styleforge/contracts';
import { discPicture } from '@styleforge/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from '../../../test/integration/service.ts';
import { makeTinyExtractor } from '../../../test/integration/tiny-base-model.ts';
import { ApiClient } from '../src/demo/api-client.ts';
import { runShowcase } from '../src/showcase/run-showcase.ts';

let test: TestService;
beforeAll(async () => {
  test = await TestService.create();
  await makeTinyExtractor(join(test.directory, 'models', 'mini-clip'));
});
afterAll(() => test.remove());

const sampling = { steps: 1, guidance_scale: 1, extractor: 'mini-clip', clip_extractor: 'mini-clip' } as const;

it('trains once, and writes a sheet, a report, every image and the settings that repeat it', { timeout: 600_000 }, async () => {
  const directory = join(test.directory, 'showcase');
  const upload = async (tone: number) => ({ fileName: `${tone}.png`, png: await discPicture(tone), component: 'all' });
  const written = await runShowcase(new ApiClient(test.service.url, test.apiKey), {
    baseModel: 'tiny',
    baseModelDirectory: join(test.directory, 'models', 'tiny'),
    images: { style: await Promise.all([0, 40, 80].map(upload)), aux: await Promise.all([120, 160, 200].map(upload)) },
    folders: { style: 'pictures/style', aux: 'pictures/aux' },
    subjects: ['a house', 'a cat'],
    job: { hyperparameters: { resolution: 32, learning_rate: 1e-3, max_train_steps: 2 }, evaluation: sampling },
    seed: 11,
    directory,
  });
  const { width, height } = await sharp(written.sheet).metadata();
  expect([width > 64, height > 96]).toEqual([true, true]);
  expect(await readFile(written.report, 'utf8')).toMatch(/<html/);
  const settings = JSON.parse(await readFile(written.settings, 'utf8')) as { prompts: string[]; config: TrainingJobBody['config'] };
  expect(settings).toMatchObject({
    seed: 11,
    prompts: ['a house', 'a cat'].map((subject) => expect.stringContaining(subject) as string),
  });
  expect(settings.config.evaluation).toMatchObject({ ...sampling, prompts: ['a house', 'a cat'], seed: 11 });
  const images = await Promise.all(
    ['before', 'after'].flatMap((folder) => ['000', '001'].map((name) => readFile(join(directory, folder, `${name}.png`), 'base64'))),
  );
  expect(new Set(images).size).toBe(4);
});
