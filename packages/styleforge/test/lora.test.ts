// LoRA from training to images: files, exact resume, both layouts, the merged model, strength, several at once.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type LoraAdaptation } from '@styleforge/contracts';
import { generateImages, KOHYA_LORA_FILE, LORA_FILE, SINGLE_FILE, trainStyleForge } from '@styleforge/styleforge';
import {
  applyAdapters,
  joinWithBase,
  openModelFolder,
  readDiffusersFolder,
  SafetensorsReader,
  writeAdaptedModel,
} from '@styleforge/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fingerprint, tinyTraining, type TinyTraining } from './tiny-training.ts';

const minutes = 60_000;
const lora = (changes: Partial<LoraAdaptation> = {}): LoraAdaptation => ({
  kind: 'lora',
  rank: 3,
  alpha: 6,
  targets: ['attention', 'feed_forward', 'projections', 'convolutions'],
  merged: false,
  ...changes,
});
let tiny: TinyTraining;
let trained: string;

beforeAll(async () => {
  tiny = await tinyTraining();
  const validation = {
    prompts: ['zwx'],
    every_steps: 4,
    num_images: 1,
    sampler: 'ddim' as const,
    steps: 2,
    guidance_scale: 2,
    negative_prompt: '',
    seed: 3,
  };
  const config = { adaptation: lora({ merged: true }), validation };
  const seen: Uint8Array[] = [];
  const onValidation = async ({ images }: { images: AsyncIterable<{ rgb: Uint8Array }> }): Promise<void> => {
    for await (const { rgb } of images) seen.push(rgb);
  };
  ({ directory: trained } = await trainStyleForge(tiny.options('lora', config, { onValidation })));
  validated = seen;
}, 10 * minutes);
afterAll(() => rm(tiny.directory, { recursive: true, force: true }));
let validated: Uint8Array[];

async function image(modelDirectory: string): Promise<Uint8Array> {
  const made: Uint8Array[] = [];
  await generateImages({
    modelDirectory,
    prompts: ['zwx'],
    width: 32,
    height: 32,
    steps: 2,
    guidanceScale: 2,
    sampler: 'ddim',
    seed: 3,
    onImage: ({ rgb }) => void made.push(rgb),
  });
  return made[0];
}

/** Largest difference of two images in levels of 255. */
const difference = (a: Uint8Array, b: Uint8Array): number => Math.max(...a.map((value, i) => Math.abs(value - b[i])));

async function adapted(name: string, adapters: { path: string; strength: number }[]): Promise<string> {
  const directory = join(tiny.directory, name);
  await writeAdaptedModel(directory, { base: tiny.base, adapters });
  return directory;
}

it('trains and stores only the matrices, without the base model in the checkpoint', { timeout: minutes }, async () => {
  const files = Object.keys(await fingerprint(trained));
  const own = files.filter((file) => !file.startsWith('merged/'));
  expect(own).toEqual([
    'adaptation.json',
    KOHYA_LORA_FILE,
    LORA_FILE,
    'trainer_state/first_moment.safetensors',
    'trainer_state/second_moment.safetensors',
    'trainer_state/trainer_state.json',
    'trainer_state/weights.safetensors',
  ]);
  const moments = await SafetensorsReader.open(join(trained, 'trainer_state', 'first_moment.safetensors'));
  expect(moments.names().every((name) => /\.lora_[AB]\.weight$/.test(name))).toBe(true);
  // attention 2 x 4, feed-forward 2, projections 2, convolutions
  expect(moments.names().some((name) => name.includes('conv1'))).toBe(true);
  await moments.close();
  expect((await stat(join(trained, LORA_FILE))).size).toBeLessThan(
    (await stat(join(tiny.base, 'unet', 'diffusion_pytorch_model.safetensors'))).size / 2,
  );
});

it('resumes bit-identically, also with an average and the text encoder', { timeout: 10 * minutes }, async () => {
  const hyperparameters = { train_text_encoder: true, text_encoder_learning_rate: 1e-3, ema: true, checkpointing_steps: 2 };
  const config = { adaptation: lora({ targets: ['attention'] }), hyperparameters: hyperparameters as never };
  const whole = await trainStyleForge(tiny.options('whole', config));
  const resumed = await trainStyleForge(tiny.options('resumed', config, { resumeFrom: join(tiny.directory, 'whole', 'checkpoint-2') }));
  expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
  await expect(trainStyleForge(tiny.options('other', { adaptation: { kind: 'full' } }, { resumeFrom: whole.directory }))).rejects.toThrow(
    /checkpoint of the adaptation 'lora'/,
  );
});

it.each(['lora', 'full'] as const)(
  'finds its rate with Prodigy, shows it, and resumes bit-identically (%s)',
  {
    timeout: 10 * minutes,
  },
  async (kind) => {
    const hyperparameters = {
      optimizer: 'prodigy',
      learning_rate: 1,
      prodigy_d_coef: 20,
      max_train_steps: 30,
      checkpointing_steps: 20,
    } as const;
    const config = { adaptation: kind === 'lora' ? lora({ targets: ['attention'] }) : { kind }, hyperparameters: hyperparameters as never };
    const rates: number[] = [];
    const whole = await trainStyleForge(
      tiny.options(`prodigy-${kind}`, config, { onProgress: ({ learningRate }) => void rates.push(learningRate) }),
    );
    expect(rates[0]).toBe(1e-6);
    expect(rates.at(-1)!).toBeGreaterThan(3e-6);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    const resumed = await trainStyleForge(
      tiny.options(`prodigy-${kind}-resumed`, config, { resumeFrom: join(tiny.directory, `prodigy-${kind}`, 'checkpoint-20') }),
    );
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
    expect(Object.keys(await fingerprint(whole.directory))).toEqual(
      expect.arrayContaining(['trainer_state/start.safetensors', 'trainer_state/sums.safetensors']),
    );
  },
);

it('generates the same images in validation, from either file, from the merged folder and from its single file', {
  timeout: 5 * minutes,
}, async () => {
  await joinWithBase(trained, tiny.base);
  const own = await image(trained);
  expect(difference(own, validated.at(-1)!)).toBeLessThanOrEqual(1);
  expect(difference(validated[0], await image(tiny.base))).toBeLessThanOrEqual(1);
  expect(difference(own, await image(tiny.base))).toBeGreaterThan(3);
  const kohya = await image(await adapted('kohya', [{ path: join(trained, KOHYA_LORA_FILE), strength: 1 }]));
  expect(difference(own, kohya)).toBeLessThanOrEqual(1);
  // half precision
  expect(difference(own, await image(join(trained, 'merged')))).toBeLessThanOrEqual(6);
  expect((await stat(join(trained, 'merged', SINGLE_FILE))).size).toBeGreaterThan(0);
});

it('applies several LoRAs with strengths: two halves equal the whole, and opposites cancel', {
  timeout: 5 * minutes,
}, async () => {
  const path = join(trained, LORA_FILE);
  const half = { path, strength: 0.5 };
  const whole = await image(await adapted('one', [{ path, strength: 1 }]));
  expect(difference(await image(await adapted('halves', [half, half])), whole)).toBeLessThanOrEqual(1);
  expect(difference(await image(await adapted('opposites', [half, { path, strength: -0.5 }])), await image(tiny.base))).toBeLessThanOrEqual(
    1,
  );
});

it('refuses the blocks of another family, with a remedy', async () => {
  const config = { adaptation: lora({ blocks: 'b-lora' }) };
  await expect(trainStyleForge(tiny.options('refused', config))).rejects.toThrow(
    /adaptation\.blocks: b-lora .* only Stable Diffusion XL has, .* is a Stable Diffusion model: omit blocks/,
  );
});

it('refuses a file of another model and a file that is not an adapter, and names it', async () => {
  const base = await readDiffusersFolder(tiny.base);
  const foreign = join(import.meta.dirname, '..', '..', '..', 'test', 'golden-methods', 'lora', 'kohya.safetensors');
  await expect(applyAdapters(base, [{ path: foreign, strength: 1 }])).rejects.toThrow(
    /kohya\.safetensors: 'lora_.* belong to no layer of this model/,
  );
  const weights = join(tiny.base, 'unet', 'diffusion_pytorch_model.safetensors');
  await expect(applyAdapters(base, [{ path: weights, strength: 1 }])).rejects.toThrow(/is not an adapter of a known kind/);
  await expect(openModelFolder(join(tiny.directory, 'nothing'))).rejects.toThrow(/is not a diffusers folder/);
});
