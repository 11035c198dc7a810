// npm run bench -- first-model: the documented way of a first real model at its true size, with random weights: a folder or a single file
// is added as a base model, trained for some steps, and its checkpoint generates images and is exported. Needs 12 GB of memory and 20 GB
// of disk.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIPTokenizer, loadTextToImagePipeline } from '@styleforge/diffusion';
import { SINGLE_FILE, trainStyleForge, type StyleForgeConfig } from '@styleforge/styleforge';
import { readDiffusersFolder, writeSingleFile, type SingleFileLayout } from '@styleforge/weights';
import sharp from 'sharp';
import { addBaseModel } from '../../base-models/add-base-model.ts';
import { type PredictionType, stableDiffusion1, stableDiffusion2 } from '../../base-models/layouts.ts';
import { writeRandomModel } from '../../base-models/random-model.ts';
import { readCommandLine } from '../../command-line.ts';
import { numberOption } from '../../options.ts';
import { print, ranInEngineEnvironment } from '../process.ts';

export interface FirstModelOptions {
  readonly layout: SingleFileLayout;
  /** Options for a model that does not state them itself. */
  readonly predictionType?: PredictionType;
  readonly source: 'folder' | 'single file';
  readonly steps: number;
  readonly resolution: number;
  /** Folder for all written files. */
  readonly scratch: string;
}

export interface FirstModel {
  readonly tokens: number;
  readonly predictionType: unknown;
  readonly losses: readonly number[];
  /** Images of prompts that differ only in their last word, which is the seventieth. */
  readonly images: readonly Uint8Array[];
  /** The folder of the trained model. */
  readonly directory: string;
  readonly singleFile: string;
}

const hyperparameters = (steps: number, resolution: number): StyleForgeConfig['hyperparameters'] => ({
  max_train_steps: steps,
  learning_rate: 1e-6,
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
  resolution,
  crop: 'center',
  buckets: false,
  seed: 1,
  random_flip: false,
  use_captions: false,
  caption_dropout: 0,
  shuffle_tags: false,
  keep_tags: 0,
  masked_loss: false,
  unmasked_weight: 0,
  latent_sampling: 'mean',
  noise_offset: 0,
  train_text_encoder: true,
  text_encoder_learning_rate: null,
  adam_moments: 'bfloat16',
  gradient_precision: 'float16',
  mixed_precision: 'no',
  gradient_checkpointing: true,
  ema: false,
  checkpointing_steps: null,
});

async function writeImages(directory: string, size: number): Promise<{ path: string }[]> {
  await mkdir(directory, { recursive: true });
  return Promise.all(
    [40, 110, 180].map(async (background) => {
      const path = join(directory, `${background}.png`);
      const create = { width: size, height: size, channels: 3 as const, background: { r: background, g: 90, b: 30 } };
      await sharp({ create }).png().toFile(path);
      return { path };
    }),
  );
}

/** Prompt whose last word is beyond the positions of a text encoder with 24 positions. */
const longPrompt = (last: string): string => `${'a '.repeat(69)}${last}`;

async function add({ source, predictionType, scratch }: FirstModelOptions, origin: string): Promise<string> {
  const file = join(scratch, 'origin.safetensors');
  if (source === 'single file') await writeSingleFile(file, origin);
  return addBaseModel({
    directory: join(scratch, 'models'),
    name: 'first',
    source: source === 'folder' ? origin : file,
    hub: { endpoint: 'http://127.0.0.1:9' },
    s3: { region: 'us-east-1', forcePathStyle: true },
    revision: 'main',
    sha256: new Map(),
    profile: {},
    ...(predictionType && { predictionType }),
  });
}

export async function firstModel(options: FirstModelOptions): Promise<FirstModel> {
  const { layout, steps, resolution, scratch } = options;
  const origin = join(scratch, 'origin');
  await writeRandomModel(origin, layout);
  const baseModelDirectory = await add(options, origin);
  await rm(origin, { recursive: true });
  await rm(join(scratch, 'origin.safetensors'), { force: true });
  const { schedulerConfig } = await readDiffusersFolder(baseModelDirectory);
  const images = await writeImages(join(scratch, 'pictures'), resolution);
  const losses: number[] = [];
  const { directory } = await trainStyleForge({
    baseModelDirectory,
    config: { hyperparameters: hyperparameters(steps, resolution), aux: { weight: 1 } },
    styleRef: [{ component: 'all', token: 'zwx', prompt: 'a picture in the style of zwx', images }],
    aux: { prompt: 'a picture', images },
    workDirectory: join(scratch, 'job'),
    onProgress: ({ loss }) => void losses.push(loss),
  });
  const prompts = ['house', 'tree'].map(longPrompt);
  const made = await generate(directory, prompts, resolution);
  return {
    tokens: (await CLIPTokenizer.fromDirectory(join(baseModelDirectory, 'tokenizer'))).encode(prompts[0]!).length,
    predictionType: schedulerConfig.prediction_type,
    losses,
    images: made,
    directory,
    singleFile: join(directory, SINGLE_FILE),
  };
}

/** Large, so that one word of seventy changes the image of random weights by more than rounding to bytes hides. */
const GUIDANCE_SCALE = 30;

/** One image of each prompt, all of them from the same noise. */
async function generate(directory: string, prompts: readonly string[], size: number): Promise<Uint8Array[]> {
  const pipeline = await loadTextToImagePipeline(directory);
  const made: Uint8Array[] = [];
  try {
    for (const prompt of prompts) {
      const options = {
        prompts: [prompt],
        steps: 1,
        guidanceScale: GUIDANCE_SCALE,
        sampler: 'ddim' as const,
        width: size,
        height: size,
        seed: 1,
      };
      for await (const { rgb } of pipeline.generate(options)) made.push(rgb);
    }
    return made;
  } finally {
    await pipeline.release();
  }
}

const PROGRAM = {
  usage: 'npm run bench -- first-model',
  about: 'Adds, trains and exports a model of random weights at the true size. Needs 12 GB of memory and 20 GB of disk.',
  options: {
    generation: { type: 'string', default: '1', help: 'Stable Diffusion 1 or 2' },
    source: { type: 'string', default: 'file', help: 'file or folder' },
    steps: { type: 'string', default: '2', help: 'training steps' },
    resolution: { type: 'string', default: '64', help: 'pixels along one side' },
    directory: { type: 'string', default: tmpdir(), help: 'where everything is written' },
    keep: { type: 'boolean', default: false, help: 'keep what was written' },
  },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...PROGRAM, args });
  if (await ranInEngineEnvironment()) return;
  const scratch = await mkdtemp(join(values.directory, 'styleforge-bench-'));
  const second = values.generation === '2';
  try {
    const started = performance.now();
    const made = await firstModel({
      layout: second ? await stableDiffusion2('v_prediction', scratch) : stableDiffusion1(),
      ...(second && { predictionType: 'v_prediction' as const }),
      source: values.source === 'folder' ? 'folder' : 'single file',
      steps: numberOption('steps', values.steps, { least: 1 }),
      resolution: numberOption('resolution', values.resolution, { least: 64 }),
      scratch,
    });
    const { images, directory, ...rest } = made;
    print({
      ...rest,
      images_differ: Buffer.compare(images[0]!, images[1]!) !== 0,
      files: (await readdir(directory)).sort().join(' '),
      seconds: Math.round((performance.now() - started) / 1e3),
      peak_mib: Math.round(process.resourceUsage().maxRSS / 1024),
      ...(values.keep && { directory }),
    });
  } finally {
    if (!values.keep) await rm(scratch, { recursive: true, force: true });
  }
}
