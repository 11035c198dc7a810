// A tiny base model, images and settings for tests that train.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StyleForgeConfig, type TrainingImage, type TrainStyleForgeOptions } from '@styleforge/styleforge';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import sharp from 'sharp';

export const miniTokenizer = fileURLToPath(new URL('../../../models/styleforge-mini/tokenizer', import.meta.url));
export let scratch: string;
export let base: string;
export const images: Record<'persons' | 'backgrounds' | 'aux', TrainingImage[]> = { persons: [], backgrounds: [], aux: [] };

export async function picture(name: string, hue: number, width = 40, height = 32): Promise<string> {
  const path = join(scratch, `${name}.png`);
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (hue * (1 + (i % 3)) + 7 * Math.floor(i / 9)) % 256);
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
  return path;
}

export async function setUp(): Promise<void> {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-trainer-'));
  base = join(scratch, 'base');
  await makeTinyBaseModel(base);
  for (const [group, list] of Object.entries(images)) {
    for (let i = 0; i < 3; i++) list.push({ path: await picture(`${group}-${i}`, 20 + 50 * i + group.length), caption: `number ${i}` });
  }
}

export const tearDown = (): Promise<void> => rm(scratch, { recursive: true, force: true });

export const hyperparameters: StyleForgeConfig['hyperparameters'] = {
  max_train_steps: 4,
  learning_rate: 1e-3,
  lr_scheduler: 'constant',
  lr_warmup_steps: 0,
  lr_num_cycles: 1,
  lr_power: 1,
  train_batch_size: 1,
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
  crop: 'random',
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

export function options(
  name: string,
  changes: Partial<StyleForgeConfig['hyperparameters']> = {},
  more: Partial<TrainStyleForgeOptions> = {},
): TrainStyleForgeOptions {
  return {
    baseModelDirectory: base,
    workDirectory: join(scratch, name),
    config: { hyperparameters: { ...hyperparameters, ...changes }, aux: { weight: 1 } },
    styleRef: [
      { component: 'person', prompt: 'a photo of zwx style', images: images.persons },
      { component: 'background', prompt: 'a photo of ukj style', images: images.backgrounds },
    ],
    aux: { prompt: 'a photo of style', images: images.aux },
    ...more,
  };
}

/** sha256 of every file of a checkpoint. */
export async function fingerprint(directory: string): Promise<Record<string, string>> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const hashes = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [
        path.slice(directory.length),
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      ] as const;
    }),
  );
  return Object.fromEntries(hashes.sort(([a], [b]) => a.localeCompare(b)));
}
