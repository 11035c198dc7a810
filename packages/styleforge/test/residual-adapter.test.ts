// StyleDrop's adapters from one image: files, exact resume, and the same images from the file as in validation.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
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

const sampling = { sampler: 'ddim', steps: 2, seed: 3 } as const;

async function image(modelDirectory: string, styleGuidance?: { style: number; text: number }): Promise<Uint8Array> {
  const made: Uint8Array[] = [];
  const onImage = ({ rgb }: { rgb: Uint8Array }): void => void made.push(rgb);
  const size = { width: 32, height: 32 };
  await generateImages({ modelDirectory, prompts: ['zwx'], ...size, guidanceScale: 2, styleGuidance, ...sampling, onImage });
  return made[0];
}

const difference = (a: Uint8Array, b: Uint8Array): number => Math.max(...a.map((value, i) => Math.abs(value - b[i])));

function options(name: string, shared: boolean, more: Partial<TrainStyleForgeOptions> = {}): TrainStyleForgeOptions {
  const validation = { prompts: ['zwx'], every_steps: 4, num_images: 1, guidance_scale: 2, negative_prompt: '', ...sampling };
  const hyperparameters = { train_text_encoder: false, checkpointing_steps: 2, learning_rate: 0.1, adam_weight_decay: 0 };
  const given = tiny.options(
    name,
    { adaptation: { kind: 'adapter', bottleneck: 3, shared }, hyperparameters: hyperparameters as never, validation, aux: null },
    more,
  );
  return { ...given, aux: null, styleRef: given.styleRef.map((part) => ({ ...part, images: part.images.slice(0, 1) })) };
}

it.each([
  ['shared', true],
  ['unshared', false],
] as const)(
  '%s adapters train on one image, resume bit-identically, and generate from their file',
  { timeout: 15 * minutes },
  async (name, shared) => {
    const seen: Uint8Array[] = [];
    const onValidation: TrainStyleForgeOptions['onValidation'] = async ({ images }) => {
      for await (const { rgb } of images) seen.push(rgb);
    };
    const { directory } = await trainStyleForge(options(name, shared, { onValidation }));
    const resumed = await trainStyleForge(options(`${name}-resumed`, shared, { resumeFrom: join(tiny.directory, name, 'checkpoint-2') }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(directory));
    const state = await SafetensorsReader.open(join(directory, 'trainer_state', 'weights.safetensors'));
    expect(state.names().every((tensor) => /\.(attn2|ff)\.(down|up)(_offset)?$/.test(tensor))).toBe(true);
    expect(state.names().some((tensor) => tensor.startsWith('unet.shared.'))).toBe(shared);
    await state.close();
    await joinWithBase(directory, tiny.base);
    const [base, own] = [await image(tiny.base), await image(directory)];
    expect(difference(seen[0], base)).toBeLessThanOrEqual(1);
    expect(difference(own, seen.at(-1)!)).toBeLessThanOrEqual(1);
    expect(difference(own, base)).toBeGreaterThan(1);
    const without = join(tiny.directory, `${name}-without`);
    await writeAdaptedModel(without, {
      base: tiny.base,
      adapters: [{ path: join(directory, 'styledrop_adapter.safetensors'), strength: 0 }],
    });
    expect(await image(without)).toEqual(base);
    // without an effect of the adapters, text guidance of w - 1 is classifier-free guidance of w, whatever the scale of the style
    const plain = await image(without, { style: 7, text: 1 });
    expect(difference(plain, base)).toBeLessThanOrEqual(1);
    const [two, three] = [await image(directory, { style: 1, text: 1 }), await image(directory, { style: 4, text: 1 })];
    expect(difference(two, three)).toBeGreaterThan(1);
    const asText = await image(directory, { style: 1.000001, text: 1 });
    expect(difference(two, asText)).toBeLessThanOrEqual(1);
  },
);
