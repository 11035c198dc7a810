// What ends a training with an error that says why, and which token to choose.
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLIPTokenizer } from '@styleforge/diffusion';
import { commonPieces } from '@styleforge/model-files';
import {
  NonFiniteLossError,
  trainStyleForge,
  TrainingInputError,
  type StyleRefPart,
  type TrainingInputCode,
  type TrainStyleForgeOptions,
} from '@styleforge/styleforge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { images, miniTokenizer, options, picture, scratch, setUp, tearDown } from './trainer-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('a training that is refused', () => {
  it('stops at a loss that is not a number, and names the step', async () => {
    const run = trainStyleForge(options('diverged', { learning_rate: 1e30, max_train_steps: 20, max_grad_norm: 1e6 }));
    await expect(run).rejects.toThrow(NonFiniteLossError);
    await expect(run).rejects.toThrow(/at step \d+/);
  });

  it('is refused before its first step, with a code of its own for each reason', async () => {
    const broken = { path: join(scratch, 'broken.png') };
    await writeFile(broken.path, 'no picture');
    const small = { path: await picture('small', 40, 40, 31) };
    const person = (part: Partial<StyleRefPart>) => ({ styleRef: [{ component: 'person', prompt: 'x', images: images.persons, ...part }] });
    const unsupported = join(scratch, 'unsupported');
    await makeTinyBaseModel(unsupported);
    const unet = join(unsupported, 'unet', 'config.json');
    await writeFile(unet, (await readFile(unet, 'utf8')).replaceAll('CrossAttnDownBlock2D', 'AttnSkipDownBlock2D'));
    const wordy = join(scratch, 'wordy');
    await makeTinyBaseModel(wordy);
    await cp(miniTokenizer, join(wordy, 'tokenizer'), { recursive: true });
    const textConfig = join(wordy, 'text_encoder', 'config.json');
    await writeFile(textConfig, JSON.stringify({ ...(JSON.parse(await readFile(textConfig, 'utf8')) as object), vocab_size: 49408 }));
    const refusals: [Partial<TrainStyleForgeOptions>, TrainingInputCode, RegExp][] = [
      [{ styleRef: [] }, 'invalid_input', /style_ref/],
      [person({ images: [] }), 'too_few_images', /'person' has 0 images to train on: at least 3/],
      [{ aux: { prompt: 'x', images: images.aux.slice(1) } }, 'too_few_images', /aux has 2 images/],
      [{ aux: null }, 'invalid_input', /aux images and aux weight/],
      [person({ images: [...images.persons, broken] }), 'invalid_input', /broken\.png cannot be read/],
      [
        {
          ...person({ images: [...images.persons, small] }),
          aux: { prompt: 'x', images: [...images.aux, { ...small, fileName: 'Mine (2).jpg' }] },
        },
        'image_too_small',
        /^small\.png is 40x31 pixels, Mine \(2\)\.jpg is 40x31 pixels, too small for .* 32/,
      ],
      [
        person({ images: [...images.persons, ...Array.from({ length: 22 }, () => small)] }),
        'image_too_small',
        /pixels, 2 more are as small, too small/,
      ],
      [{ ...person({ token: 'paintstyle' }), baseModelDirectory: wordy }, 'common_token', /'paintstyle'.*'style'.*rare one/],
      [{ baseModelDirectory: unsupported }, 'unsupported_base_model', /AttnSkipDownBlock2D/],
    ];
    for (const [more, code, message] of refusals) {
      const error: unknown = await trainStyleForge(options('refused', {}, more)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TrainingInputError);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    }
    await expect(trainStyleForge(options('refused', { resolution: 30 }))).rejects.toThrow(/multiple of 4/);
    await expect(trainStyleForge(options('refused', { mixed_precision: 'fp16' }))).rejects.toThrow(
      /hyperparameters\.mixed_precision: .*DEVICE=cpu.*take 'no'/,
    );
    for (const [field, precision] of [
      ['adam_moments', 'bfloat16'],
      ['gradient_precision', 'float16'],
    ] as const) {
      await expect(trainStyleForge(options('refused', { [field]: precision }, { compile: { device: 'webgpu' } }))).rejects.toThrow(
        new RegExp(`hyperparameters\\.${field}: '${precision}' .*DEVICE=webgpu.*take 'float32', or .*DEVICE=cpu`),
      );
    }
    for (const device of ['webgpu', 'cuda'] as const)
      await expect(trainStyleForge(options('refused', { optimizer: 'prodigy' }, { compile: { device } }))).rejects.toThrow(
        new RegExp(`hyperparameters\\.optimizer: 'prodigy' .*DEVICE=${device}.*take 'adamw', or .*DEVICE=cpu`),
      );
  });

  it('distinguishes rare tokens from words of the base model', async () => {
    const tokenizer = await CLIPTokenizer.fromDirectory(miniTokenizer);
    for (const token of ['zwx', 'ukj', 'sks']) expect(commonPieces(token, tokenizer), token).toEqual([]);
    for (const [token, known] of [
      ['style', 'style'],
      ['mystyle', 'style'],
      ['person', 'person'],
    ])
      expect(commonPieces(token, tokenizer), token).toEqual([known]);
  });
});
