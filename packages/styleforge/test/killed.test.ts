// A training that is killed with SIGKILL again and again ends with the very same bits as one that is left alone.
import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { typeScript } from '@styleforge/launch';
import { type TrainStyleForgeOptions } from '@styleforge/styleforge';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { type ChildOptions } from './train-child.ts';

const STEPS = 4;
/** Kills of each setup, in one run of this test. */
const KILLS = 2;

type Hyperparameters = TrainStyleForgeOptions['config']['hyperparameters'];

const hyperparameters: Hyperparameters = {
  max_train_steps: STEPS,
  learning_rate: 1e-3,
  lr_scheduler: 'cosine',
  lr_warmup_steps: 2,
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
  checkpointing_steps: 1,
};

/** Together they have each part of the state with and without each other. */
const setups: [string, { changes: Partial<Hyperparameters>; components?: number; prior?: boolean }][] = [
  [
    'an average, two passes a step, a text encoder with its own rate, gradient checkpointing, captions, mirrored images',
    {
      changes: {
        ema: true,
        gradient_accumulation_steps: 2,
        text_encoder_learning_rate: 1e-4,
        gradient_checkpointing: true,
        use_captions: true,
        random_flip: true,
        snr_gamma: 5,
        noise_offset: 0.05,
      },
    },
  ],
  [
    'bfloat16 moments, float16 gradients, a trained text encoder, three components',
    { changes: { adam_moments: 'bfloat16', gradient_precision: 'float16', train_batch_size: 2 }, components: 3 },
  ],
  [
    'a frozen text encoder, an average, bfloat16 moments, two passes a step, latents that are kept',
    {
      changes: {
        train_text_encoder: false,
        ema: true,
        adam_moments: 'bfloat16',
        gradient_accumulation_steps: 2,
        crop: 'center',
        latent_sampling: 'mean',
      },
    },
  ],
  ['prior preservation: class images that are half made', { changes: {}, prior: true }],
];

async function prepare(scratch: string, [, { changes, components = 1, prior }]: (typeof setups)[number]): Promise<ChildOptions> {
  await makeTinyBaseModel(join(scratch, 'base'));
  const images = await Promise.all(
    Array.from({ length: 3 }, async (_, i) => {
      const path = join(scratch, `${i}.png`);
      const pixels = Uint8Array.from({ length: 40 * 32 * 3 }, (__, at) => (at * (3 + i)) % 256);
      await sharp(pixels, { raw: { width: 40, height: 32, channels: 3 } })
        .png()
        .toFile(path);
      return { path, caption: `number ${i}` };
    }),
  );
  return {
    baseModelDirectory: join(scratch, 'base'),
    workDirectory: join(scratch, 'killed'),
    config: { hyperparameters: { ...hyperparameters, ...changes }, aux: { weight: 1 } },
    styleRef: ['zwx', 'ukj', 'sks']
      .slice(0, components)
      .map((token) => ({ component: token, token, prompt: `a photo of ${token} style`, images })),
    aux: { prompt: 'a photo of style', images },
    ...(prior && {
      classImages: {
        modelDirectory: join(scratch, 'base'),
        directory: join(scratch, 'class-images'),
        prompt: 'a photo of style',
        count: 4,
        steps: 2,
        guidanceScale: 2,
        sampler: 'ddim',
        seed: 9,
        width: 32,
        height: 32,
      },
    }),
  };
}

async function lastCheckpoint(workDirectory: string): Promise<number> {
  const steps = (await readdir(workDirectory)).map((name) => Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...steps);
}

/** One life of the process: to the end, or until `delay` ms after it has told of `step`. Resolves with how it ended. */
async function live(options: ChildOptions, kill?: { step: number; delay: number }): Promise<string> {
  const from = await lastCheckpoint(options.workDirectory);
  const child = spawn(process.execPath, typeScript(new URL('train-child.ts', import.meta.url)), { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  child.stdin.end(JSON.stringify({ ...options, ...(from > 0 && { resumeFrom: join(options.workDirectory, `checkpoint-${from}`) }) }));
  createInterface(child.stdout).on('line', (line) => {
    if (kill && Number(line) === kill.step) void sleep(kill.delay).then(() => child.kill('SIGKILL'));
  });
  const [code, signal] = (await exited) as [number | null, string | null];
  return signal ?? `exit code ${code}`;
}

async function fingerprint(directory: string): Promise<[string, string][]> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Promise.all(
    paths.map(
      async (path) =>
        [
          path.slice(directory.length),
          createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
        ] as [string, string],
    ),
  );
}

it.each(setups)(
  `ends bit-identically after ${KILLS} kills at random moments with %s`,
  async (...setup) => {
    const scratch = await mkdtemp(join(tmpdir(), 'styleforge-killed-'));
    try {
      const options = await prepare(scratch, setup);
      await mkdir(options.workDirectory);
      const kills: object[] = [];
      for (let i = 0; i < KILLS; i++) {
        const done = await lastCheckpoint(options.workDirectory);
        // The moments reach into the writing of the next checkpoint; step 0 is a class image.
        const kill = { step: Math.min(STEPS - 1, done + randomInt(options.classImages && i === 0 ? 0 : 1, 3)), delay: randomInt(0, 60) };
        kills.push({ ...kill, ended: await live(options, kill) });
      }
      expect(kills).toContainEqual(expect.objectContaining({ ended: 'SIGKILL' }));
      const end = await live(options);
      expect(end, JSON.stringify(kills)).toBe('exit code 0');
      const whole = join(scratch, 'whole');
      await mkdir(whole);
      const classImages = options.classImages && { ...options.classImages, directory: join(scratch, 'class-images-of-the-whole') };
      expect(await live({ ...options, workDirectory: whole, ...(classImages && { classImages }) })).toBe('exit code 0');
      const last = `checkpoint-${STEPS}`;
      expect(await fingerprint(join(options.workDirectory, last)), JSON.stringify(kills)).toEqual(await fingerprint(join(whole, last)));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
  600_000,
);
