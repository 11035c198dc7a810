// Adapters in files of other programs: how they are recognized, and the latents that diffusers computes with them.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkAdapter, fitsBase, inspectAdapter, kohyaNames, originalNames } from '@styleforge/model-files';
import { applyAdapters, componentOf, openTensors, readDiffusersFolder, writeAdaptedModel, writeSafetensors } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTextToImagePipeline } from '../src/index.ts';
import { relativeDifference } from './golden-models.ts';

const golden = fileURLToPath(new URL('../../../test/golden-methods/', import.meta.url));
const foreign = (name: string): string => join(golden, 'foreign', name);
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-foreign-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function latentsWith(path: string, strength: number): Promise<Float32Array> {
  const directory = join(scratch, `model-${Math.random()}`);
  await writeAdaptedModel(directory, { base: join(golden, 'tiny-sd'), adapters: [{ path, strength }] });
  const pipeline = await loadTextToImagePipeline(directory, { threads: 1 });
  const reference = await openTensors(foreign('latents.safetensors'));
  try {
    const text = { encoder_hidden_states: await reference.read('states') };
    const inputs = { latents: await reference.read('latents'), shape: [1, 4, 8, 8], prompts: [text], negativePrompt: text } as const;
    return await pipeline.denoise(inputs, { steps: 4, guidanceScale: 1, sampler: 'ddim' });
  } finally {
    await reference.close();
    await pipeline.release();
  }
}

describe.each([
  ["peft's folder", 'peft/adapter_model.safetensors', 'peft'],
  ["kohya's layout", 'kohya.safetensors', 'kohya'],
])('a LoRA in %s', (_name, file, layout) => {
  it('gives the latents that diffusers computes with it, and those of the base model at strength 0', async () => {
    const reference = await openTensors(foreign('latents.safetensors'));
    const [own, base] = [await reference.read('with_lora'), await reference.read('base')];
    await reference.close();
    expect(relativeDifference(await latentsWith(foreign(file), 1), own)).toBeLessThan(1e-4);
    expect(relativeDifference(await latentsWith(foreign(file), 0), base)).toBeLessThan(1e-4);
    expect(relativeDifference(own, base)).toBeGreaterThan(0.1);
  });

  it('is recognized', async () => {
    const found = await inspectAdapter(foreign(file));
    expect(found).toMatchObject({ kind: 'lora', layout, rank: 3, contextWidth: 24, baseFamily: null, changesTextEncoder: false });
    expect(fitsBase(found, { name: 'tiny', contextWidth: 24 })).toBeNull();
    expect(fitsBase(found, { name: 'other', contextWidth: 768 })).toMatch(
      /other has text states of 768 numbers: choose a base model that fits/,
    );
  });
});

it.each(['brush.pt', 'brush-module.pt'])(
  'the embedding %s of A1111 gives its rows, under the name of the file or another word',
  async (file) => {
    const found = await inspectAdapter(foreign(file));
    expect(found).toMatchObject({
      kind: 'textual-inversion',
      layout: 'a1111',
      vectors: 2,
      contextWidth: 24,
      tokens: [file.replace('.pt', '')],
    });
    const expected = await openTensors(foreign('brush-rows.safetensors'));
    const base = await readDiffusersFolder(join(golden, 'tiny-sd'));
    const adapted = await applyAdapters(base, [{ path: foreign(file), strength: 1, token: '<brush>' }]);
    const table = await componentOf(adapted, 'text_encoder').openWeights();
    const rows = await expected.read('rows');
    expect(adapted.addedTokens?.text_encoder?.map(({ text, ids }) => [text, ids.length])).toEqual([['<brush>', 2]]);
    expect((await table.read('embeddings.token_embedding.weight')).slice(-rows.length)).toEqual(rows);
    await Promise.all([expected.close(), table.close()]);
  },
);

it('files that diffusers and this program write are recognized under any name', async () => {
  const kindOf = async (path: string) => (await inspectAdapter(join(golden, path))).kind;
  expect(await kindOf('lora/pytorch_lora_weights.safetensors')).toBe('lora');
  expect(await kindOf('lora/kohya.safetensors')).toBe('lora');
  expect(await kindOf('textual-inversion/learned_embeds.safetensors')).toBe('textual-inversion');
  expect(await kindOf('custom-diffusion/pytorch_custom_diffusion_weights.safetensors')).toBe('custom-diffusion');
  await cp(foreign('brush.pt'), join(scratch, 'renamed.safetensors'));
  expect((await inspectAdapter(join(scratch, 'renamed.safetensors'), 'brush.pt')).tokens).toEqual(['brush']);
});

const renamings: [string, string, (kohya: string, original: string, dotted: string) => string][] = [
  ["ComfyUI's names", 'comfyui', (_kohya, original) => `diffusion_model.${original}`],
  ["SimpleTuner's prefix of LyCORIS files", 'kohya', (kohya) => kohya.replace('lora_unet_', 'lycoris_')],
  ['the name of an adapter in peft', 'peft', (_kohya, _original, dotted) => `unet.${dotted}`],
  ['the mark of torch.compile', 'diffusers', (_kohya, _original, dotted) => `unet._orig_mod.${dotted}`],
];
const ENDS: Readonly<Record<string, [down: string, up: string]>> = {
  peft: ['lora_A.default_0.weight', 'lora_B.default_0.weight'],
  diffusers: ['lora.down.weight', 'lora.up.weight'],
};

it.each(renamings)('the same LoRA with %s changes the same weights', async (_name, layout, rename) => {
  const base = await readDiffusersFolder(join(golden, 'tiny-sd'));
  const names = originalNames('unet', componentOf(base, 'unet').config);
  const weights = await componentOf(base, 'unet').openWeights();
  const modules = weights.names().map((stored) => stored.replace(/\.(weight|bias)$/, ''));
  await weights.close();
  const places = kohyaNames({ layers: new Map([['unet', new Set(modules)]]) });
  const [reader, renamed] = [await openTensors(foreign('kohya.safetensors')), join(scratch, `${layout}-${Math.random()}.safetensors`)];
  const entries = reader.names().map((stored) => {
    const [, stem = '', end = ''] = /^(.*?)\.(alpha|lora_down\.weight|lora_up\.weight)$/.exec(stored) ?? [];
    const { module } = places.get(stem)!;
    const [down, up] = ENDS[layout] ?? ['lora_down.weight', 'lora_up.weight'];
    const ending = { 'lora_down.weight': down, 'lora_up.weight': up }[end] ?? end;
    const original = names.toOriginal(`${module}.weight`).replace(/\.weight$/, '');
    return { name: `${rename(stem, original, module)}.${ending}`, shape: reader.info(stored).shape, data: () => reader.read(stored) };
  });
  await writeSafetensors(renamed, entries, { dtype: 'F32' });
  await reader.close();
  expect(await inspectAdapter(renamed)).toMatchObject({ kind: 'lora', layout, rank: 3, contextWidth: 24 });
  await checkAdapter(renamed, 'lora', join(golden, 'tiny-sd'));
  const [expected, found] = await Promise.all(
    [foreign('kohya.safetensors'), renamed].map(async (path) => componentOf(await applyAdapters(base, [{ path, strength: 1 }]), 'unet')),
  );
  const [a, b] = [await expected!.openWeights(), await found!.openWeights()];
  for (const name of a.names()) expect(await b.read(name)).toEqual(await a.read(name));
  await Promise.all([a.close(), b.close()]);
});

it.each([
  ['text_encoders_0', 'text_encoders_1'],
  ['text_encoder', 'text_encoder_2'],
])('the rows of two text encoders under the keys %s and %s are one word', async (first, second) => {
  const base = await readDiffusersFolder(join(golden, 'tiny-sdxl'));
  const widths = ['text_encoder', 'text_encoder_2'].map((name) => componentOf(base, name).config.hidden_size as number);
  const path = join(scratch, `${first}.safetensors`);
  const rows = [first, second].map((name, i) => ({ name, shape: [2, widths[i]!], data: new Float32Array(2 * widths[i]!).fill(i + 1) }));
  await writeSafetensors(path, rows, { dtype: 'F32' });
  const found = await inspectAdapter(path, 'pivotal.safetensors');
  expect(found).toMatchObject({
    kind: 'textual-inversion',
    layout: 'a1111',
    tokens: ['pivotal'],
    vectors: 2,
    contextWidth: widths[0]! + widths[1]!,
  });
  const adapted = await applyAdapters(base, [{ path, strength: 1, token: '<s>' }]);
  for (const [i, name] of (['text_encoder', 'text_encoder_2'] as const).entries()) {
    expect(adapted.addedTokens?.[name]?.map(({ text, ids }) => [text, ids.length])).toEqual([['<s>', 2]]);
    const table = await componentOf(adapted, name).openWeights();
    expect((await table.read('embeddings.token_embedding.weight')).at(-1)).toBe(i + 1);
    await table.close();
  }
});

it('a safetensors file whose header has the length with which pickles begin is read', async () => {
  const path = join(scratch, 'length.safetensors');
  const json = JSON.stringify({ '<cat>': { dtype: 'F32', shape: [24], data_offsets: [0, 96] } }).padEnd(0x280);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await writeFile(path, Buffer.concat([length, Buffer.from(json), Buffer.alloc(96)]));
  expect(await inspectAdapter(path)).toMatchObject({ kind: 'textual-inversion', tokens: ['<cat>'] });
});

describe('refused files', () => {
  const written = async (name: string): Promise<string> => {
    const path = join(scratch, `${name.replaceAll(/\W/g, '-')}.safetensors`);
    await writeSafetensors(path, [{ name, shape: [2, 2, 2], data: new Float32Array(8) }], { dtype: 'F32' });
    return path;
  };

  it('a pickle that would run code is not run', async () => {
    await expect(inspectAdapter(foreign('evil.pt'))).rejects.toThrow(/refers to posix\.system.*it is not read; convert it to safetensors/s);
    await expect(access('/tmp/styleforge-evil')).rejects.toThrow(/ENOENT/);
  });

  it.each([
    ['lora_unet_x.hada_w1_a', /LyCORIS file .* convert it to a LoRA/],
    ['unet.x.dora_scale', /is a DoRA, which is not read; export it as a LoRA/],
    ['unet.x.lora_magnitude_vector.default_0', /is a DoRA/],
    ['lora_unet_x.magnitude', /is a DoRA/],
    ['lora_unet_x.a1.weight', /GLoRA/],
    ['lora_unet_x.lokr_w2_a', /LyCORIS file/],
    ['unet.x.lora.up.bias', /has biases in addition to its matrices/],
    ['base_model.model.x.miss_block', /is an adapter of peft of another kind than LoRA.*train a LoRA/],
    ['base_model.model.x.vera_lambda_b', /of another kind than LoRA/],
    ['lora_unet_x.w_norm', /changes more than the matrices of layers \(norms/],
    ['diffusion_model.double_blocks.0.img_attn.qkv.lora_down.weight', /belongs to a transformer model such as FLUX/],
    ['model.diffusion_model.out.0.weight', /is a whole model; an operator adds it with npm run base-models/],
    ['transformer.single_transformer_blocks.0.attn.to_k.lora_A.weight', /belongs to a transformer model such as FLUX/],
    ['something.weight', /is not an adapter of a known kind \(its tensors are 'something\.weight'\): give a LoRA/],
  ])('%s', async (name, message) => {
    const path = await written(name);
    await expect(inspectAdapter(path)).rejects.toThrow(message);
  });

  it.each(['conv_in.bias', 'base_model.model.conv_in.bias'])('a LoRA with %s of the model itself', async (name) => {
    const reader = await openTensors(foreign('kohya.safetensors'));
    const path = join(scratch, `${name}.safetensors`);
    const entries = reader.names().map((stored) => ({ name: stored, shape: reader.info(stored).shape, data: () => reader.read(stored) }));
    await writeSafetensors(path, [...entries, { name, shape: [8], data: new Float32Array(8) }], { dtype: 'F32' });
    await reader.close();
    await expect(checkAdapter(path, 'lora', join(golden, 'tiny-sd'))).rejects.toThrow(
      /conv_in\.bias', whole weights .* train it without bias and modules_to_save/,
    );
  });

  it("the rows of XL's second text encoder for a model with one", async () => {
    const path = join(scratch, 'second.safetensors');
    await writeSafetensors(path, [{ name: 'clip_g', shape: [1, 24], data: new Float32Array(24) }], { dtype: 'F32' });
    await expect(checkAdapter(path, 'textual-inversion', join(golden, 'tiny-sd'))).rejects.toThrow(/has rows of 24 numbers in 'clip_g'/);
  });

  it('a file without tensors', async () => {
    const page = join(scratch, 'page.safetensors');
    await writeFile(page, '<!doctype html><title>Sign in</title>'.padEnd(600, ' '));
    await expect(inspectAdapter(page)).rejects.toThrow(/is a web page \(HTML\), not the file: download the file itself/);
  });
});
