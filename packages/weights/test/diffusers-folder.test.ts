// Diffusers folders: reading the reference checkpoint, older layouts, and writing one that reads the same.
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  componentOf,
  readDiffusersFolder,
  SafetensorsReader,
  writeDiffusersFolder,
  writeSafetensors,
  type TensorEntry,
  type TensorReader,
} from '../src/index.ts';

const reference = new URL('../../../test/golden/tiny-sd', import.meta.url).pathname;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'diffusers-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function allOf(reader: TensorReader): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  const tensors = new Map();
  for (const name of reader.names().sort()) tensors.set(name, { shape: reader.info(name).shape, data: await reader.read(name) });
  await reader.close();
  return tensors;
}

async function entriesOf(reader: TensorReader): Promise<(TensorEntry & { data: Float32Array })[]> {
  return [...(await allOf(reader))].map(([name, tensor]) => ({ name, ...tensor }));
}

/** Rewrites one component of a copy of the reference under other tensor names. */
async function withOlderNames(name: string, component: 'vae' | 'text_encoder', older: (current: string) => string): Promise<string> {
  const copy = join(directory, name);
  await cp(reference, copy, { recursive: true });
  const file = component === 'vae' ? 'diffusion_pytorch_model.safetensors' : 'model.safetensors';
  const reader = await SafetensorsReader.open(join(reference, component, file));
  const entries = (await entriesOf(reader)).map((entry) => ({ ...entry, name: older(entry.name) }));
  if (component === 'text_encoder') {
    entries.push({ name: 'text_model.embeddings.position_ids', shape: [1, 77], data: Float32Array.from({ length: 77 }, (_, i) => i) });
  }
  await writeSafetensors(join(copy, component, file), entries);
  return copy;
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Names, shapes and a digest of the values: comparing these is quick and shows which tensor differs. */
async function summary(reader: TensorReader): Promise<Record<string, string>> {
  const digest = (data: Float32Array) => createHash('sha256').update(bytesOf(data)).digest('hex');
  return Object.fromEntries([...(await allOf(reader))].map(([name, { shape, data }]) => [name, `${shape} ${digest(data)}`]));
}

describe('reading a diffusers folder', () => {
  it('returns the configs and weights of the reference', async () => {
    const folder = await readDiffusersFolder(reference);
    expect(componentOf(folder, 'unet').config.block_out_channels).toEqual([16, 32, 32, 32]);
    expect(folder.schedulerConfig.beta_schedule).toBe('scaled_linear');
    expect(folder.components.map(({ name }) => name)).toEqual(['unet', 'vae', 'text_encoder']);
    const reader = await componentOf(folder, 'text_encoder').openWeights();
    expect(reader.info('embeddings.token_embedding.weight').shape).toEqual([1000, 32]);
    expect(await reader.read('text_model.final_layer_norm.bias')).toEqual(await reader.read('final_layer_norm.bias'));
    await reader.close();
  });

  it('accepts the VAE attention names of older checkpoints', async () => {
    const legacy = { to_q: 'query', to_k: 'key', to_v: 'value', 'to_out.0': 'proj_attn' } as Record<string, string>;
    const older = (name: string) => name.replace(/\.(to_q|to_k|to_v|to_out\.0)\./, (_, part: string) => `.${legacy[part]}.`);
    const folder = await readDiffusersFolder(await withOlderNames('legacy-vae', 'vae', older));
    const stored = await SafetensorsReader.open(componentOf(folder, 'vae').weightsPath);
    expect(stored.has('encoder.mid_block.attentions.0.proj_attn.weight')).toBe(true);
    await stored.close();
    const expected = await componentOf(await readDiffusersFolder(reference), 'vae').openWeights();
    expect(await summary(await componentOf(folder, 'vae').openWeights())).toEqual(await summary(expected));
  });

  it('accepts the text encoder names of transformers 4', async () => {
    const folder = await readDiffusersFolder(await withOlderNames('prefixed', 'text_encoder', (name) => `text_model.${name}`));
    const expected = await componentOf(await readDiffusersFolder(reference), 'text_encoder').openWeights();
    expect(await summary(await componentOf(folder, 'text_encoder').openWeights())).toEqual(await summary(expected));
  });

  it('uses the fp16 variant if there is no other, and names what is missing', async () => {
    const copy = join(directory, 'variant');
    await cp(reference, copy, { recursive: true });
    const plain = join(copy, 'unet', 'diffusion_pytorch_model.safetensors');
    await rename(plain, join(copy, 'unet', 'diffusion_pytorch_model.fp16.safetensors'));
    expect(componentOf(await readDiffusersFolder(copy), 'unet').weightsPath).toMatch(/fp16/);
    await rm(join(copy, 'unet', 'diffusion_pytorch_model.fp16.safetensors'));
    await expect(readDiffusersFolder(copy)).rejects.toThrow(/contains no diffusion_pytorch_model.safetensors/);
    await expect(readDiffusersFolder(directory)).rejects.toThrow(/no model_index.json/);
  });
});

describe('writing a diffusers folder', () => {
  it('copies what is not given, and replaces what is given', async () => {
    const base = join(directory, 'base');
    await cp(reference, base, { recursive: true });
    await mkdir(join(base, 'tokenizer'));
    await writeFile(join(base, 'tokenizer', 'merges.txt'), '#version: 0.2\n');
    const folder = await readDiffusersFolder(base);
    const index = { ...folder.modelIndex, safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'] };
    await writeFile(join(base, 'model_index.json'), JSON.stringify(index));
    const unet = (await entriesOf(await componentOf(folder, 'unet').openWeights())).map((e) => ({ ...e, data: e.data.map((v) => v + 1) }));
    const textEncoder = await entriesOf(await componentOf(folder, 'text_encoder').openWeights());
    const target = join(directory, 'written');
    const contents = {
      base,
      components: { unet: { weights: unet }, text_encoder: { weights: textEncoder } },
      files: { 'README.md': 'card' },
    };
    await writeDiffusersFolder(target, contents);

    const written = await readDiffusersFolder(target);
    for (const config of ['unet/config.json', 'text_encoder/config.json', 'scheduler/scheduler_config.json']) {
      expect(await readFile(join(target, config), 'utf8')).toBe(await readFile(join(base, config), 'utf8'));
    }
    expect(written.modelIndex.safety_checker).toEqual([null, null]);
    const plusOne = await allOf(await componentOf(written, 'unet').openWeights());
    expect(plusOne.size).toBe(unet.length);
    for (const { name, data } of unet) expect(Buffer.compare(bytesOf(plusOne.get(name)!.data), bytesOf(data))).toBe(0);
    expect(await summary(await componentOf(written, 'text_encoder').openWeights())).toEqual(
      await summary(await componentOf(folder, 'text_encoder').openWeights()),
    );
    expect(
      Buffer.compare(await readFile(componentOf(written, 'vae').weightsPath), await readFile(componentOf(folder, 'vae').weightsPath)),
    ).toBe(0);
    expect(await readFile(join(target, 'tokenizer', 'merges.txt'), 'utf8')).toBe('#version: 0.2\n');
    expect(await readFile(join(target, 'README.md'), 'utf8')).toBe('card');
    const stored = await SafetensorsReader.open(componentOf(written, 'text_encoder').weightsPath);
    expect(stored.names().every((name) => name.startsWith('text_model.'))).toBe(true);
    await stored.close();
  });

  it('keeps the old folder if writing fails, and replaces it otherwise', async () => {
    const target = join(directory, 'replaced');
    await writeDiffusersFolder(target, { base: reference, files: { 'version.txt': '1' } });
    const failing = [{ name: 'conv_in.bias', shape: [1], data: () => Promise.reject(new Error('device lost')) }];
    const attempt = writeDiffusersFolder(target, { base: reference, components: { unet: { weights: failing } } });
    await expect(attempt).rejects.toThrow('device lost');
    expect(await readFile(join(target, 'version.txt'), 'utf8')).toBe('1');
    await writeDiffusersFolder(target, { base: reference, files: { 'version.txt': '2' } });
    expect(await readFile(join(target, 'version.txt'), 'utf8')).toBe('2');
    expect((await readdir(directory)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it('writes given configs with the floating point fields that transformers requires', async () => {
    const target = join(directory, 'given');
    const config = { initializer_factor: 1, attention_dropout: 0, hidden_size: 32, layer_norm_eps: 1e-5 };
    await writeDiffusersFolder(target, { base: reference, components: { text_encoder: { config } } });
    const text = await readFile(join(target, 'text_encoder', 'config.json'), 'utf8');
    expect(JSON.parse(text)).toEqual(config);
    expect(text).toMatch(/"initializer_factor": 1\.0,\n {2}"attention_dropout": 0\.0,\n {2}"hidden_size": 32,/);
  });

  it('requires a base folder if something is missing', async () => {
    await expect(writeDiffusersFolder(join(directory, 'none'), { modelIndex: {} })).rejects.toThrow(/unet.config.json is neither given/);
  });
});
