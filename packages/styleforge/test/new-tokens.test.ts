// Textual Inversion and Custom Diffusion from training to images: what trains, files, exact resume, new words in prompts.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdaptationConfig } from '@styleforge/contracts';
import { generateImages, trainStyleForge, type TrainStyleForgeOptions } from '@styleforge/styleforge';
import { joinWithBase, SafetensorsReader, writeAdaptedModel } from '@styleforge/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fingerprint, tinyTraining, type TinyTraining } from './tiny-training.ts';

const minutes = 60_000;
let tiny: TinyTraining;
beforeAll(async () => {
  tiny = await tinyTraining();
});
afterAll(() => rm(tiny.directory, { recursive: true, force: true }));

const inversion: AdaptationConfig = { kind: 'textual-inversion', vectors: 2, initial_word: 's', merged: false };
const pivotal: AdaptationConfig = {
  ...{ kind: 'pivotal-tuning', rank: 2, alpha: 2, targets: ['attention'], vectors: 2, initial_word: 's', merged: true },
};
const custom: AdaptationConfig = { kind: 'custom-diffusion', layers: 'keys_and_values', initial_word: 's', merged: false };

function options(
  name: string,
  adaptation: AdaptationConfig,
  token = '<zwx>',
  more: Partial<TrainStyleForgeOptions> = {},
): TrainStyleForgeOptions {
  const given = tiny.options(name, { adaptation, hyperparameters: { checkpointing_steps: 2 } as never }, more);
  const styleRef = given.styleRef.map((part) => ({ ...part, token, prompt: `a photo of ${token} style` }));
  return { ...given, styleRef };
}

async function image(modelDirectory: string, prompt: string): Promise<Uint8Array> {
  const made: Uint8Array[] = [];
  const size = { width: 32, height: 32, steps: 2, guidanceScale: 4, sampler: 'ddim', seed: 3 } as const;
  await generateImages({ modelDirectory, prompts: [prompt], ...size, onImage: ({ rgb }) => void made.push(rgb) });
  return made[0];
}

async function trainedNames(directory: string): Promise<string[]> {
  const weights = await SafetensorsReader.open(join(directory, 'trainer_state', 'weights.safetensors'));
  await weights.close();
  return weights.names();
}

it.each([
  ['textual-inversion', inversion, 'learned_embeds.safetensors'],
  ['custom-diffusion', custom, 'pytorch_custom_diffusion_weights.safetensors'],
] as const)('%s resumes bit-identically, and its images use the new word', { timeout: 15 * minutes }, async (kind, adaptation, file) => {
  const whole = await trainStyleForge(options(kind, adaptation));
  const resumed = await trainStyleForge(
    options(`${kind}-resumed`, adaptation, '<zwx>', { resumeFrom: join(tiny.directory, kind, 'checkpoint-2') }),
  );
  const files = await fingerprint(whole.directory);
  expect(await fingerprint(resumed.directory)).toEqual(files);
  expect(Object.keys(files)).toContain(file);
  const names = await trainedNames(whole.directory);
  const isMatrix = (name: string): boolean => /^unet\..*\.attn2\.to_[kv]\.weight$/.test(name);
  expect(names.filter((name) => !isMatrix(name))).toEqual(['text_encoder.embeddings.token_embedding.new_rows']);
  expect(names.some(isMatrix)).toBe(kind === 'custom-diffusion');
  await joinWithBase(whole.directory, tiny.base);
  expect(await image(whole.directory, 'a <zwx> s')).not.toEqual(await image(tiny.base, 'a <zwx> s'));
  if (kind === 'textual-inversion') expect(await image(whole.directory, 'a cat')).toEqual(await image(tiny.base, 'a cat'));
});

it('pivotal tuning trains rows and matrices together at their own rates, resumes bit-identically, and its merged model is the same', {
  timeout: 15 * minutes,
}, async () => {
  const settings = (name: string, more: Partial<TrainStyleForgeOptions> = {}): TrainStyleForgeOptions => {
    const given = options(name, pivotal, '<zwx>', more);
    const hyperparameters = { ...given.config.hyperparameters, train_text_encoder: false, text_encoder_learning_rate: 3e-2 };
    return { ...given, config: { ...given.config, hyperparameters } };
  };
  const { directory } = await trainStyleForge(settings('pivotal'));
  const resumeFrom = join(tiny.directory, 'pivotal', 'checkpoint-2');
  const files = await fingerprint(directory);
  expect(await fingerprint((await trainStyleForge(settings('pivotal-resumed', { resumeFrom }))).directory)).toEqual(files);
  for (const file of ['pytorch_lora_weights.safetensors', 'kohya/lora.safetensors', 'learned_embeds.safetensors', 'a1111/zwx.safetensors'])
    expect(Object.keys(files)).toContain(file);
  const names = await trainedNames(directory);
  expect(names.filter((name) => !/^unet\..*\.lora_[AB]\.weight$/.test(name))).toEqual(['text_encoder.embeddings.token_embedding.new_rows']);
  expect(names.length).toBeGreaterThan(8);
  await joinWithBase(directory, tiny.base);
  const own = await image(directory, 'a <zwx> s');
  // half precision; its tokenizer has the word and both of its rows
  const merged = await image(join(directory, 'merged'), 'a <zwx> s');
  expect(Math.max(...own.map((value, i) => Math.abs(value - merged[i])))).toBeLessThanOrEqual(6);
  const alone = join(tiny.directory, 'pivotal-words');
  await writeAdaptedModel(alone, { base: tiny.base, adapters: [{ path: join(directory, 'learned_embeds.safetensors'), strength: 1 }] });
  expect(own).not.toEqual(await image(alone, 'a <zwx> s'));
  expect(await image(alone, 'a <zwx> s')).not.toEqual(await image(tiny.base, 'a <zwx> s'));
});

it("reads A1111's embedding under the name of its file", { timeout: 5 * minutes }, async () => {
  const { directory } = await trainStyleForge(options('a1111', { ...inversion, vectors: 1 }));
  const model = join(tiny.directory, 'a1111-model');
  await writeAdaptedModel(model, { base: tiny.base, adapters: [{ path: join(directory, 'a1111', 'zwx.safetensors'), strength: 1 }] });
  await joinWithBase(directory, tiny.base);
  expect(await image(model, 'a zwx s')).toEqual(await image(directory, 'a <zwx> s'));
});

it.each([
  ['a token of the vocabulary', inversion, 's', /'s' is in the base model's vocabulary already/],
  ['a token in upper case', inversion, '<ZWX>', /upper case: give <zwx>/],
  [
    'an initial word of several tokens',
    { ...custom, initial_word: 'style' },
    '<zwx>',
    /adaptation\.initial_word: 'style' is not one token/,
  ],
  ['more vectors than a prompt has room for', { ...inversion, vectors: 76 }, '<zwx>', /adaptation\.vectors is 76/],
] as const)('refuses %s', async (_, adaptation, token, message) => {
  await expect(trainStyleForge(options('refused', adaptation, token))).rejects.toThrow(message);
});
