// Every combination of method, adaptation, optimizer, text encoder, captions and buckets is refused with a field and a remedy, or trains. A
// sample that has each method and all pairs of the others does train.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ADAPTATION_KINDS,
  type AdaptationKind,
  baseModelProfile,
  createTrainingJobRequest,
  resolveTrainingConfig,
  TRAINING_METHODS,
  type TrainingConfig,
} from '@styleforge/contracts';
import { trainStyleForge } from '@styleforge/styleforge';
import { joinWithBase, openModelFolder, type DiffusersFolder } from '@styleforge/weights';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeShallowSdxlBaseModel, makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { tinyTraining, type TinyTraining } from './tiny-training.ts';

const YES_NO = [false, true] as const;
/** The choices of a request, each independent of the others. */
const CHOICES = {
  family: ['stable-diffusion', 'stable-diffusion-xl'],
  method: TRAINING_METHODS,
  adaptation: ADAPTATION_KINDS,
  optimizer: ['adamw', 'prodigy'],
  trainsText: YES_NO,
  captions: YES_NO,
  buckets: YES_NO,
} as const;
type Combination = { readonly [Name in keyof typeof CHOICES]: (typeof CHOICES)[Name][number] };

const makeBase = { 'stable-diffusion': makeTinyBaseModel, 'stable-diffusion-xl': makeShallowSdxlBaseModel };

/** The method's own preset of blocks is that of one family; the API refuses it on others before this. */
const isOffered = ({ family, method }: Combination): boolean => method !== 'b-lora' || family === 'stable-diffusion-xl';

const all = Object.entries(CHOICES)
  .reduce<Record<string, unknown>[]>(
    (found, [name, values]) => found.flatMap((begun) => values.map((value) => ({ ...begun, [name]: value }))),
    [{}],
  )
  .map((combination) => combination as unknown as Combination)
  .filter(isOffered);

const SETTINGS: Record<AdaptationKind, object> = {
  full: {},
  lora: { rank: 2 },
  'textual-inversion': { initial_word: 's' },
  'custom-diffusion': { initial_word: 's' },
  adapter: { bottleneck: 2 },
  'pivotal-tuning': { rank: 2, vectors: 1, initial_word: 's' },
};

function resolve({ method, adaptation, optimizer, trainsText, captions, buckets }: Combination) {
  const request = createTrainingJobRequest.parse({
    method,
    base_model: 'tiny',
    style_ref: { dataset_id: 'ds_018f0000-0000-7000-8000-000000000001' },
    ...(method === 'single-styleforge' && { aux: { dataset_id: 'ds_018f0000-0000-7000-8000-000000000002' } }),
    adaptation: { kind: adaptation, ...SETTINGS[adaptation] },
    hyperparameters: {
      ...{ optimizer, train_text_encoder: trainsText, use_captions: captions, buckets, max_train_steps: 2, lr_warmup_steps: 0 },
      ...{ resolution: 32, train_batch_size: 1, gradient_accumulation_steps: 1, gradient_checkpointing: false },
      ...(optimizer === 'adamw' && { learning_rate: 1e-2, text_encoder_learning_rate: 1e-2 }),
    },
  });
  return resolveTrainingConfig(request, baseModelProfile.parse({ resolution: 32 }));
}

/** The method, and pairs of the other choices, such as a family and an optimizer. */
function partsOf({ method, ...others }: Combination): string[] {
  const parts = Object.entries(others).map(([name, value]) => `${name} ${value}`);
  return [method, ...parts.flatMap((one, i) => parts.slice(i + 1).map((other) => `${one}, ${other}`))];
}

/** The fewest combinations, one after the other, that have among them each part that all of them have. */
function pairwise(combinations: readonly Combination[]): Combination[] {
  const open = new Set(combinations.flatMap(partsOf));
  const chosen: Combination[] = [];
  while (open.size > 0) {
    const gains = combinations.map((combination) => partsOf(combination).filter((part) => open.has(part)).length);
    const best = combinations[gains.indexOf(Math.max(...gains))]!;
    for (const part of partsOf(best)) open.delete(part);
    chosen.push(best);
  }
  return chosen;
}

const trainable = all.filter((combination) => resolve(combination).ok);

it('every refusal names a field and a remedy, and every method and every adaptation is offered', () => {
  const refusals = new Set<string>();
  for (const combination of all) {
    const resolution = resolve(combination);
    if (resolution.ok) continue;
    expect(resolution.errors.length).toBeGreaterThan(0);
    for (const { pointer, detail } of resolution.errors) refusals.add(`${pointer}: ${detail}`);
  }
  expect([...refusals].filter((refusal) => !/^\/[a-z_/0-9]+: .*(use|leave|set|give|needs) /.test(refusal))).toEqual([]);
  expect(new Set(trainable.map(({ method }) => method))).toEqual(new Set(TRAINING_METHODS));
  expect(new Set(trainable.map(({ adaptation }) => adaptation))).toEqual(new Set(ADAPTATION_KINDS));
});

const tiny = {} as Record<Combination['family'], TinyTraining>;
beforeAll(async () => {
  for (const family of CHOICES.family) tiny[family] = await tinyTraining(makeBase[family]);
});
afterAll(() => Promise.all(Object.values(tiny).map(({ directory }) => rm(directory, { recursive: true }))));

async function portrait(directory: string): Promise<string> {
  const path = join(directory, 'portrait.png');
  await sharp(
    Uint8Array.from({ length: 24 * 48 * 3 }, (_, i) => (i * 31) % 256),
    { raw: { width: 24, height: 48, channels: 3 } },
  )
    .resize(32, 64)
    .png()
    .toFile(path);
  return path;
}

async function train(name: string, { family, captions }: Combination, config: TrainingConfig) {
  const { base, options, directory } = tiny[family];
  const given = options(name, {});
  const caption = captions ? 'a disc' : null;
  const images = [...given.styleRef[0]!.images, { path: await portrait(directory) }].map((image) => ({ ...image, caption }));
  const { adaptation, hyperparameters, style_ref: styleRef, aux } = config;
  const losses: number[] = [];
  const result = await trainStyleForge({
    ...{ baseModelDirectory: base, workDirectory: join(directory, name) },
    config: { adaptation, hyperparameters, aux },
    styleRef: styleRef.components.map(({ name: component, prompt, token }) => ({
      ...{ component, prompt, images },
      ...(config.styledrop === null && { token }),
    })),
    aux: aux && { prompt: aux.prompt, images: given.aux!.images.map((image) => ({ ...image, caption })) },
    onProgress: ({ loss }) => void losses.push(loss),
  });
  return { losses, directory: result.directory, base };
}

/** Tensors of all components that are not as in the base model, and layers that run behind others. */
async function changes(model: DiffusersFolder, base: DiffusersFolder): Promise<string[]> {
  const found: string[] = [];
  for (const { name, openWeights, branches = [] } of model.components) {
    for (const { layer, up } of branches) if (up.some((value) => value !== 0)) found.push(`${name}.${layer}`);
    const [own, theirs] = await Promise.all([openWeights(), base.components.find((component) => component.name === name)!.openWeights()]);
    for (const tensor of theirs.names()) {
      const [now, before] = [await own.read(tensor), await theirs.read(tensor)];
      expect(now.every(Number.isFinite)).toBe(true);
      if (now.length !== before.length || now.some((value, i) => value !== before[i])) found.push(`${name}.${tensor}`);
    }
    await Promise.all([own.close(), theirs.close()]);
  }
  return found;
}

describe('two training steps', () => {
  it.each(pairwise(trainable).map((combination, i) => [Object.values(combination).join(', '), `case-${i}`, combination] as const))(
    '%s',
    { timeout: 300_000 },
    async (_, name, combination) => {
      const resolution = resolve(combination);
      if (!resolution.ok) throw new Error('it is offered');
      const { losses, directory, base } = await train(name, combination, resolution.config);
      expect(losses).toHaveLength(2);
      expect(losses.every(Number.isFinite)).toBe(true);
      if (combination.adaptation !== 'full') await joinWithBase(directory, base);
      expect((await changes(await openModelFolder(directory), await openModelFolder(base))).length).toBeGreaterThan(0);
      await rm(directory, { recursive: true });
    },
  );
});
