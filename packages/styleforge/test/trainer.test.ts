// Real training at tiny size: what the trainer promises about checkpoints, resuming, cancelling and bad input.
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLIPTokenizer, randomNormals } from '@styleforge/diffusion';
import {
  commonPieces,
  generateImages,
  loadTrainableWeights,
  makeClassImages,
  NonFiniteLossError,
  openModel,
  SINGLE_FILE,
  trainStyleForge,
  TrainingInputError,
  createTrainStep,
  trainStepFeeds,
  type StyleForgeConfig,
  type StyleRefPart,
  type TrainingImage,
  type TrainingInputCode,
  type TrainingProgress,
  type TrainStyleForgeOptions,
} from '@styleforge/styleforge';
import { SafetensorsReader } from '@styleforge/weights';
import sharp from 'sharp';
import { checkDevice, type DeviceName as Device } from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';

const miniTokenizer = fileURLToPath(new URL('../../../models/styleforge-mini/tokenizer', import.meta.url));
let scratch: string;
let base: string;
const images: Record<'persons' | 'backgrounds' | 'aux', TrainingImage[]> = { persons: [], backgrounds: [], aux: [] };

async function picture(name: string, hue: number, width = 40, height = 32): Promise<string> {
  const path = join(scratch, `${name}.png`);
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (hue * (1 + (i % 3)) + 7 * Math.floor(i / 9)) % 256);
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
  return path;
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-trainer-'));
  base = join(scratch, 'base');
  await makeTinyBaseModel(base);
  for (const [group, list] of Object.entries(images)) {
    for (let i = 0; i < 3; i++) list.push({ path: await picture(`${group}-${i}`, 20 + 50 * i + group.length), caption: `number ${i}` });
  }
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const hyperparameters: StyleForgeConfig['hyperparameters'] = {
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

function options(
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
async function fingerprint(directory: string): Promise<Record<string, string>> {
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

describe('trainStyleForge', () => {
  it('lowers the loss on the images it is given', async () => {
    const history: TrainingProgress[] = [];
    await trainStyleForge(
      options(
        'learns',
        { max_train_steps: 60, learning_rate: 3e-3, crop: 'center' },
        { onProgress: (progress) => void history.push(progress) },
      ),
    );
    const mean = (part: TrainingProgress[]) => part.reduce((sum, { loss }) => sum + loss, 0) / part.length;
    expect(mean(history.slice(-15))).toBeLessThan(0.8 * mean(history.slice(0, 15)));
    for (const { loss, styleRefLoss, auxLoss } of history) expect(loss).toBeCloseTo(styleRefLoss + auxLoss!, 6);
  });

  it('resumes to the very same bits, from any step, with accumulation and random crops', async () => {
    const changes = { max_train_steps: 5, gradient_accumulation_steps: 2, checkpointing_steps: 1, lr_scheduler: 'cosine' as const };
    const whole = await trainStyleForge(options('whole', changes));
    for (const from of [1, 3]) {
      const resumed = await trainStyleForge(
        options(`resumed-${from}`, changes, { resumeFrom: join(scratch, 'whole', `checkpoint-${from}`) }),
      );
      expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
    }
  });

  it('trains on two devices what one trains with accumulation, within 1e-6, and resumes there', async () => {
    const changes = { max_train_steps: 2, gradient_accumulation_steps: 2, checkpointing_steps: 1 };
    const one = await trainStyleForge(options('one-device', changes));
    const replicas = ['cpu'] as const;
    const two = await trainStyleForge(options('two-devices', changes, { replicas }));
    const resumeFrom = join(scratch, 'two-devices', 'checkpoint-1');
    const resumed = await trainStyleForge(options('two-resumed', changes, { replicas, resumeFrom }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(two.directory));
    const file = join('unet', 'diffusion_pytorch_model.safetensors');
    const readers = await Promise.all([one, two].map(({ directory }) => SafetensorsReader.open(join(directory, file))));
    for (const name of readers[0].names()) {
      const [left, right] = await Promise.all(readers.map((reader) => reader.read(name)));
      expect(left.every((value, i) => Math.abs(value - right[i]) < 1e-6)).toBe(true);
    }
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('is not resumed on another base model, installed under the same name since it began', async () => {
    const changed = join(scratch, 'changed-base');
    await cp(base, changed, { recursive: true });
    const changes = { max_train_steps: 2, checkpointing_steps: 1 };
    await trainStyleForge(options('began', changes, { baseModelDirectory: changed }));
    const resumeFrom = join(scratch, 'began', 'checkpoint-1');
    const again = () => trainStyleForge(options('went-on', changes, { baseModelDirectory: changed, resumeFrom }));
    await writeFile(join(changed, 'README.md'), '# its card has changed');
    await expect(again()).resolves.toMatchObject({ finalStep: 2 });
    const config = join(changed, 'vae', 'config.json');
    await writeFile(config, JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), scaling_factor: 0.5 }));
    await expect(again()).rejects.toMatchObject({ name: 'TrainingInputError', code: 'unsupported_base_model' });
  });

  it('trains in mixed precision much like in float32, and resumes to the same bits with its loss scale', async () => {
    const changes = { max_train_steps: 3, gradient_accumulation_steps: 2, checkpointing_steps: 1 };
    const losses: number[] = [];
    const full = await trainStyleForge(options('full', changes, { onProgress: ({ loss }) => void losses.push(loss) }));
    // by the option of the engine: a job that asks for it is refused on the processor
    const compile = { mixedPrecision: true };
    const mixed = await trainStyleForge(
      options('mixed', changes, {
        compile,
        onProgress: ({ loss, step }) => expect(Math.abs(loss / losses[step - 1] - 1)).toBeLessThan(5e-3),
      }),
    );
    const resumed = await trainStyleForge(
      options('mixed-resumed', changes, { compile, resumeFrom: join(scratch, 'mixed', 'checkpoint-2') }),
    );
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(mixed.directory));
    expect(await fingerprint(mixed.directory)).not.toEqual(await fingerprint(full.directory));
    const state = JSON.parse(await readFile(join(mixed.directory, 'trainer_state', 'trainer_state.json'), 'utf8')) as {
      lossScale?: unknown;
    };
    expect(state.lossScale).toEqual({ value: 65536, steps: 3 });
  });

  it('keeps an average of the weights as the model, the weights themselves for an exact resume', async () => {
    const changes = { max_train_steps: 3, ema: true, checkpointing_steps: 1 };
    const whole = await trainStyleForge(options('averaged', changes));
    const resumed = await trainStyleForge(options('averaged-resumed', changes, { resumeFrom: join(scratch, 'averaged', 'checkpoint-2') }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
    const plain = await trainStyleForge(options('not-averaged', { ...changes, ema: false }));
    const open = (path: string) => SafetensorsReader.open(path);
    const model = (directory: string) => open(join(directory, 'unet', 'diffusion_pytorch_model.safetensors'));
    const files = [
      await model(whole.directory),
      await open(join(whole.directory, 'trainer_state', 'weights.safetensors')),
      await model(plain.directory),
    ];
    const [average, raw, expected] = [
      await files[0].read('conv_in.bias'),
      await files[1].read('unet.conv_in.bias'),
      await files[2].read('conv_in.bias'),
    ];
    expect(raw).toEqual(expected);
    expect(average).not.toEqual(raw);
    await Promise.all(files.map((file) => file.close()));
  });

  it('writes the finished model as one file too, and only the finished one', async () => {
    const { directory } = await trainStyleForge(options('single', { max_train_steps: 2, checkpointing_steps: 1 }));
    expect(await readdir(join(scratch, 'single', 'checkpoint-1'))).not.toContain('single-file');
    const [file, folder] = [
      await SafetensorsReader.open(join(directory, SINGLE_FILE)),
      await SafetensorsReader.open(join(directory, 'unet', 'diffusion_pytorch_model.safetensors')),
    ];
    const [half, whole] = [
      await file.read('model.diffusion_model.time_embed.0.weight'),
      await folder.read('time_embedding.linear_1.weight'),
    ];
    half.forEach((value, i) => expect(Math.abs(value - whole[i])).toBeLessThanOrEqual(Math.abs(whole[i]) * 2 ** -11 + 2 ** -25));
    await Promise.all([file.close(), folder.close()]);
  });

  it('continues with a finished run when it is given more steps', async () => {
    const short = await trainStyleForge(options('short', { max_train_steps: 2 }));
    const longer = await trainStyleForge(options('longer', { max_train_steps: 4 }, { resumeFrom: short.directory }));
    const straight = await trainStyleForge(options('straight', { max_train_steps: 4 }));
    const weights = '/unet/diffusion_pytorch_model.safetensors';
    expect((await fingerprint(longer.directory))[weights]).toBe((await fingerprint(straight.directory))[weights]);
  });

  it('saves before it obeys a cancellation, and says so by throwing the reason', async () => {
    const controller = new AbortController();
    const saved: number[] = [];
    const run = trainStyleForge(
      options(
        'cancelled',
        { max_train_steps: 50 },
        {
          signal: controller.signal,
          onProgress: ({ step }) => {
            if (step === 3) controller.abort();
          },
          onCheckpoint: ({ step }) => void saved.push(step),
        },
      ),
    );
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(saved).toEqual([3]);
  });

  it('leaves the text encoder as it was when told to', async () => {
    const frozen = await trainStyleForge(options('frozen', { train_text_encoder: false, max_train_steps: 2 }));
    const weights = join('text_encoder', 'model.safetensors');
    expect(await readFile(join(frozen.directory, weights))).toEqual(await readFile(join(base, weights)));
  });

  it('computes the same losses and gradients with gradient checkpointing as without', async () => {
    const model = await openModel(base);
    const batch = {
      latents: randomNormals({ seed: 1, step: 0, purpose: 'latents' }, 2 * 4 * 64),
      noise: randomNormals({ seed: 1, step: 0, purpose: 'noise' }, 2 * 4 * 64),
      timesteps: [100, 700],
      text: { input_ids: Int32Array.from({ length: 77 }, (_, i) => (31 * i) % 900) },
      images: [],
      promptOfSample: Int32Array.of(0, 0),
      sampleWeights: Float32Array.of(1, 0.5),
    };
    const pass = async (gradientCheckpointing: boolean) => {
      const step = await createTrainStep({
        model: model.networks,
        batchSize: 2,
        promptCount: 1,
        tokenCount: 77,
        latentShape: [4, 8, 8],
        trainsText: true,
        gradientCheckpointing,
        adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      });
      await loadTrainableWeights(model.folder, step.weights);
      const { sampleLosses: losses } = await step.backward(trainStepFeeds(model.networks, model.noiseScheduler, batch));
      const gradients = await step.readGradients();
      await step.release();
      return { losses, gradients };
    };
    const [kept, recomputed] = [await pass(false), await pass(true)];
    const difference = (x: Float32Array, y: Float32Array): number => Math.max(...x.map((value, i) => Math.abs(value - y[i])));
    expect(difference(kept.losses, recomputed.losses)).toBeLessThan(1e-6);
    for (const [name, gradient] of kept.gradients.entries()) {
      expect(difference(gradient, recomputed.gradients.get(name)), name).toBeLessThan(1e-6);
    }
  });

  it('makes of two passes the gradient norm of one pass over both halves', async () => {
    const model = await openModel(base);
    const draw = (purpose: string) => randomNormals({ seed: 1, step: 0, purpose }, 2 * 4 * 64);
    const [latents, noise, timesteps] = [draw('latents'), draw('noise'), [100, 700]];
    const inputIds = Int32Array.from({ length: 77 }, (_, i) => (31 * i) % 900);
    const normOf = async (passes: { from: number; to: number }[], batchSize: number) => {
      const step = await createTrainStep({
        model: model.networks,
        batchSize,
        promptCount: 1,
        tokenCount: 77,
        latentShape: [4, 8, 8],
        trainsText: true,
        adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      });
      await loadTrainableWeights(model.folder, step.weights);
      for (const { from, to } of passes) {
        const part = (values: Float32Array) => values.slice(from * 256, to * 256);
        const feeds = trainStepFeeds(model.networks, model.noiseScheduler, {
          latents: part(latents),
          noise: part(noise),
          timesteps: timesteps.slice(from, to),
          text: { input_ids: inputIds },
          images: [],
          promptOfSample: new Int32Array(batchSize),
          sampleWeights: new Float32Array(batchSize).fill(1 / batchSize),
        });
        await step.backward(feeds);
      }
      const { gradNorm } = await step.update({ learningRate: 1e-3, weightDecay: 0, maxGradNorm: 1e9 });
      await step.release();
      return gradNorm;
    };
    const [whole, halves] = [
      await normOf([{ from: 0, to: 2 }], 2),
      await normOf(
        [
          { from: 0, to: 1 },
          { from: 1, to: 2 },
        ],
        1,
      ),
    ];
    expect(halves / whole).toBeCloseTo(1, 5);
    expect((await normOf([{ from: 0, to: 1 }], 1)) / whole).not.toBeCloseTo(1, 2);
  });

  it('stops at a loss that is not a number, naming the step', async () => {
    const run = trainStyleForge(options('diverged', { learning_rate: 1e30, max_train_steps: 20, max_grad_norm: 1e6 }));
    await expect(run).rejects.toThrow(NonFiniteLossError);
    await expect(run).rejects.toThrow(/at step \d+/);
  });

  it.each<[string, Partial<StyleForgeConfig['hyperparameters']>]>([
    [
      'captions, a rate of its own for the text encoder, and bfloat16 moments',
      { use_captions: true, text_encoder_learning_rate: 1e-5, adam_moments: 'bfloat16' },
    ],
    [
      'captions, a frozen text encoder, mirrored images, posterior means and offset noise',
      { use_captions: true, train_text_encoder: false, random_flip: true, crop: 'center', latent_sampling: 'mean', noise_offset: 0.1 },
    ],
  ])('trains otherwise with %s, and resumes to the very same bits', async (name, changes) => {
    const more = { ...changes, max_train_steps: 4, checkpointing_steps: 2 };
    const directory = `with ${name}`;
    const whole = await trainStyleForge(options(directory, more));
    const resumed = await trainStyleForge(options(`${directory}, resumed`, more, { resumeFrom: join(scratch, directory, 'checkpoint-2') }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
  });

  it('validates from the weights as they are, without touching the training', async () => {
    const validation = {
      prompts: ['a photo of zwx style', 'a house'],
      every_steps: 2,
      num_images: 1,
      sampler: 'ddim' as const,
      steps: 2,
      guidance_scale: 2,
      negative_prompt: '',
      seed: 5,
    };
    const config = { hyperparameters: { ...hyperparameters, max_train_steps: 3 }, aux: { weight: 1 }, validation };
    const seen = new Map<number, Uint8Array[]>();
    const watched = await trainStyleForge(
      options(
        'validated',
        {},
        {
          config,
          onValidation: async ({ step, images: made }) => {
            seen.set(step, []);
            for await (const { rgb } of made) seen.get(step)?.push(rgb);
          },
        },
      ),
    );
    expect([...seen.keys()]).toEqual([0, 2, 3]);
    const later: Uint8Array[] = [];
    await generateImages({
      modelDirectory: watched.directory,
      prompts: validation.prompts,
      steps: 2,
      guidanceScale: 2,
      sampler: 'ddim' as const,
      seed: 5,
      width: 32,
      height: 32,
      onImage: ({ rgb }) => void later.push(rgb),
    });
    expect(seen.get(3)).toEqual(later);
    expect(seen.get(0)).not.toEqual(later);
    const unwatched = await trainStyleForge(options('not-validated', { max_train_steps: 3 }));
    const weights = '/unet/diffusion_pytorch_model.safetensors';
    expect((await fingerprint(watched.directory))[weights]).toBe((await fingerprint(unwatched.directory))[weights]);
  });

  it('ends when the validations get no better, keeps the best step as a whole model, and resumes to the same end', async () => {
    const validation = {
      prompts: ['a house'],
      every_steps: 1,
      num_images: 1,
      sampler: 'ddim' as const,
      steps: 1,
      guidance_scale: 1,
      negative_prompt: '',
      seed: 5,
    };
    const config = {
      hyperparameters: { ...hyperparameters, max_train_steps: 9 },
      aux: { weight: 1 },
      validation,
      early_stopping: { metric: 'kid' as const, patience: 2, min_steps: 0 },
    };
    // As a distance that falls until step 2 and rises from there on.
    const run = async (name: string, resumeFrom?: string) => {
      const [asked, saved]: [number[], number[]] = [[], []];
      const result = await trainStyleForge(
        options(
          name,
          {},
          {
            config,
            ...(resumeFrom && { resumeFrom }),
            onCheckpoint: ({ step }) => void saved.push(step),
            onValidation: async ({ step, images: made }) => {
              for await (const { rgb } of made) expect(rgb).toHaveLength(32 * 32 * 3);
              asked.push(step);
              return { score: step === 0 ? 0 : (step - 2) ** 2 };
            },
          },
        ),
      );
      return { ...result, asked, saved };
    };
    const whole = await run('stopped');
    expect(whole).toMatchObject({ finalStep: 4, best: { step: 2, value: 0 }, asked: [0, 1, 2, 3, 4], saved: [1, 2, 4] });
    expect(await readdir(join(scratch, 'stopped', 'checkpoint-2'))).toContain('single-file');
    const resumed = await run('stopped-resumed', join(scratch, 'stopped', 'checkpoint-2'));
    expect(resumed).toMatchObject({ finalStep: 4, best: { step: 2, value: 0 }, asked: [3, 4] });
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
  });

  it('makes class images once: those that are missing, each the same whenever it is made', async () => {
    const made: number[] = [];
    const make = (directory: string, count: number) =>
      makeClassImages({
        modelDirectory: base,
        directory: join(scratch, directory),
        prompt: 'a photo of style',
        count,
        steps: 2,
        guidanceScale: 2,
        sampler: 'ddim' as const,
        seed: 9,
        width: 32,
        height: 32,
        onImage: ({ index }) => void made.push(index),
      });
    await make('class', 2);
    const grown = await make('class', 3);
    expect(made).toEqual([0, 1, 2]);
    const whole = await make('class-again', 3);
    for (const [i, path] of whole.entries()) expect(await readFile(path)).toEqual(await readFile(grown[i]));
    await trainStyleForge(
      options('prior', { max_train_steps: 1 }, { aux: { prompt: 'a photo of style', images: grown.map((path) => ({ path })) } }),
    );
  });

  it('refuses what cannot be trained, before any training, each with its code', async () => {
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

  it('knows rare tokens from words of the base model', async () => {
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

const [webgpuMissing, halfMissing] = [await missing({}), await missing({ mixedPrecision: true })];

function missing(options: { mixedPrecision?: boolean }): Promise<string | undefined> {
  return checkDevice('webgpu', options).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

// Software Vulkan does where there is no GPU (infra/checks.mjs finds Chromium's). Ten steps: packages/runtime/test/webgpu.test.ts.
describe.skipIf(warnNotTested('training on webgpu', webgpuMissing))('on webgpu', () => {
  const trainedOn = async (device: Device, precision: 'no' | 'fp16' = 'no'): Promise<string> =>
    (
      await trainStyleForge(
        options(
          `${device}-${precision}`,
          { max_train_steps: 1, train_text_encoder: false, resolution: 16, mixed_precision: precision },
          { compile: { device } },
        ),
      )
    ).directory;
  const drawnOn = async (device: Device, modelDirectory: string): Promise<Uint8Array> => {
    const drawn: Uint8Array[] = [];
    await generateImages({
      modelDirectory,
      prompts: ['a photo of zwx style, house'],
      steps: 1,
      guidanceScale: 4,
      sampler: 'ddim' as const,
      seed: 7,
      compile: { device },
      onImage: ({ rgb }) => void drawn.push(rgb),
    });
    return drawn[0];
  };
  const valuesOf = async (directory: string, component: string): Promise<Float32Array[]> => {
    const reader = await SafetensorsReader.open(join(directory, component));
    try {
      return await Promise.all(reader.names().map((name) => reader.read(name)));
    } finally {
      await reader.close();
    }
  };

  const distance = async (directory: string, other: string, part: string): Promise<number> => {
    const [expected, actual] = [await valuesOf(other, part), await valuesOf(directory, part)];
    let [difference, size] = [0, 0];
    expected.forEach((values, i) =>
      values.forEach((value, at) => {
        difference += (value - actual[i][at]) ** 2;
        size += value ** 2;
      }),
    );
    return Math.sqrt(difference / size);
  };
  const weights = 'unet/diffusion_pytorch_model.safetensors';
  const moments = 'trainer_state/first_moment.safetensors';

  it('ends where the processor does, and generates the same image', async () => {
    const [host, device] = [await trainedOn('cpu'), await trainedOn('webgpu')];
    expect(await distance(device, host, weights)).toBeLessThan(1e-3);
    expect(await distance(device, host, moments)).toBeLessThan(1e-2);
    const [expected, actual] = [await drawnOn('cpu', device), await drawnOn('webgpu', device)];
    expect(Math.max(...expected.map((value, i) => Math.abs(value - actual[i])))).toBeLessThanOrEqual(2);
  }, 300_000);

  it.skipIf(warnNotTested('mixed precision on webgpu', halfMissing))(
    'trains in mixed precision close to float32',
    async () => {
      const [host, device] = [await trainedOn('cpu'), await trainedOn('webgpu', 'fp16')];
      // AdamW's first step moves a weight by the sign of its gradient, whose smallest values rounding turns
      expect(await distance(device, host, weights)).toBeLessThan(5e-3);
      expect(await distance(device, host, moments)).toBeLessThan(2e-2);
    },
    300_000,
  );

  it.skipIf(
    warnNotTested(
      'that mixed precision is refused where the GPU has no float16',
      halfMissing === undefined ? 'the one here has it' : undefined,
    ),
  )('refuses mixed precision where the GPU has no float16', async () => {
    await expect(trainedOn('webgpu', 'fp16')).rejects.toThrow(/hyperparameters\.mixed_precision: .*'webgpu' has no float16.*take 'no'/);
  });
});
