// Base models from everywhere: a hub on loopback that breaks as networks do, S3, web addresses, paths; folders and single files.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseModelProfile } from '@styleforge/contracts';
import { CLIPTokenizer } from '@styleforge/diffusion';
import { generateImages, openModel } from '@styleforge/styleforge';
import { createObjectStore } from '@styleforge/storage';
import {
  ChecksumError,
  openTensors,
  componentOf,
  readDiffusersFolder,
  sha256OfFile,
  writeDiffusersFolder,
  writeSafetensors,
  writeSingleFile,
  type TensorEntry,
} from '@styleforge/weights';
import { startFauxqs } from 'fauxqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { addBaseModel, type AddBaseModelOptions } from '../src/base-models/add-base-model.ts';
import { type FakeHub, startFakeHub } from '../src/bench/first-use/fake-hub.ts';

let scratch: string;
let origin: string;
let single: string;
let directory: string;
let hub: FakeHub;
const repository = 'somebody/small-diffusion';
const s3 = { region: 'us-east-1', forcePathStyle: true, accessKeyId: 'test', secretAccessKey: 'test' };
const weightsFile = join('unet', 'diffusion_pytorch_model.safetensors');

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-base-models-'));
  origin = join(scratch, 'origin');
  await makeTinyBaseModel(origin);
  await writeFile(join(origin, 'README.md'), '---\nlicense: creativeml-openrail-m\n---\n# small\n');
  // What repositories also hold and nobody needs.
  await writeFile(join(origin, 'unet', 'diffusion_pytorch_model.bin'), Buffer.alloc(100_000));
  single = join(scratch, 'single.safetensors');
  await writeSingleFile(single, origin, { dtype: 'F32' });
  hub = await startFakeHub(origin, repository);
});
afterAll(async () => {
  await hub.stop();
  await rm(scratch, { recursive: true, force: true });
});
beforeEach(async () => {
  directory = await mkdtemp(join(scratch, 'models-'));
  Object.assign(hub, { sent: 0, breaks: [], refusals: [], corrupt: false, knowsRanges: true });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const add = (source: string, changes: Partial<AddBaseModelOptions> = {}) =>
  addBaseModel({
    directory,
    name: 'small',
    source,
    hub: { endpoint: hub.url },
    s3,
    revision: 'main',
    sha256: new Map(),
    profile: {},
    backoffMs: 10,
    ...changes,
  });

/** Every tensor of the three networks, bit for bit those of the origin. */
async function expectOrigin(folder: string): Promise<void> {
  const [expected, found] = [await readDiffusersFolder(origin), await readDiffusersFolder(folder)];
  for (const part of ['unet', 'vae', 'text_encoder']) {
    const [a, b] = [await componentOf(expected, part).openWeights(), await componentOf(found, part).openWeights()];
    for (const name of a.names())
      expect(Buffer.from((await b.read(name)).buffer).equals(Buffer.from((await a.read(name)).buffer)), `${part} ${name}`).toBe(true);
    await Promise.all([a.close(), b.close()]);
  }
}
const profileOf = async (folder: string) => baseModelProfile.parse(JSON.parse(await readFile(join(folder, 'styleforge.json'), 'utf8')));

describe('a model hub', () => {
  it('gives a folder although connections break repeatedly, each continuing where the one before stopped', async () => {
    hub.breaks = [300, 70_000, 65_536, 1, 100_000, 20_000];
    hub.refusals = [503];
    const folder = await add(`hf:${repository}`);
    await expectOrigin(folder);
    expect(await readdir(join(folder, 'unet'))).toEqual(['config.json', 'diffusion_pytorch_model.safetensors']);
    const sizes = await Promise.all(
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile() && entry.name !== 'styleforge.json')
        .map(async ({ parentPath, name }) => (await readFile(join(parentPath, name))).length),
    );
    expect(hub.breaks).toEqual([]);
    expect(hub.sent).toBeLessThan(1.01 * sizes.reduce((sum, size) => sum + size, 0));
    expect(await profileOf(folder)).toMatchObject({
      source: `hf:${repository}@${hub.commit}`,
      sha256: { [weightsFile]: await sha256OfFile(join(origin, weightsFile)) },
    });
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toMatch(/license: creativeml/);
    expect(await readdir(directory)).toEqual(['.downloads', 'small']);
    const images: Uint8Array[] = [];
    await generateImages({
      modelDirectory: folder,
      prompts: ['a house'],
      steps: 1,
      guidanceScale: 1,
      sampler: 'ddim',
      seed: 1,
      onImage: ({ rgb }) => void images.push(rgb),
    });
    expect(images).toHaveLength(1);
  }, 120_000);

  it('is not asked again for files that an earlier interrupted try has downloaded', async () => {
    const controller = new AbortController();
    const broken = add(`hf:${repository}`, {
      signal: controller.signal,
      onProgress: (file, received) => {
        if (file.startsWith('unet/diffusion') && received > 50_000) controller.abort();
      },
    });
    await expect(broken).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(directory)).toEqual(['.downloads']);
    const before = hub.sent;
    await expectOrigin(await add(`hf:${repository}`));
    const again = hub.sent - before;
    hub.sent = 0;
    await add(`hf:${repository}`, { name: 'another' });
    expect(again).toBeLessThan(hub.sent - 50_000);
  }, 120_000);

  it('that ignores ranges sends the whole file again, with the right result', async () => {
    hub.knowsRanges = false;
    hub.breaks = [300, 70_000];
    await expectOrigin(await add(`hf:${repository}`));
  }, 120_000);

  it('that sends other bytes than it lists is refused, and nothing is kept', async () => {
    hub.corrupt = true;
    await expect(add(`hf:${repository}`)).rejects.toThrow(ChecksumError);
    const left = await readdir(join(directory, '.downloads'), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
    expect(await readdir(directory)).toEqual(['.downloads']);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['a revision that it does not have', () => add(`hf:${repository}`, { revision: 'v9' }), /revision\/v9 responded with 404/],
    ['a file that it does not have', () => add(`hf:${repository}/other.safetensors`), /has no file 'other\.safetensors' at revision main/],
    ['a name that is none', () => add('hf:small-diffusion'), /must be OWNER\/NAME/],
    [
      'another sha256 than was asked for',
      () => add(`hf:${repository}`, { sha256: new Map([[weightsFile, '0'.repeat(64)]]) }),
      /has the sha256 [0-9a-f]{64}.*0000 was asked for/,
    ],
  ])('refuses %s', async (_case, run, message) => {
    await expect(run()).rejects.toThrow(message);
    expect((await readdir(directory)).filter((name) => name !== '.downloads')).toEqual([]);
  });

  it('that requires a token gets it, and its absence has a remedy', async () => {
    const closed = await startFakeHub(origin, repository, { token: 'secret' });
    await expect(add(`hf:${repository}`, { hub: { endpoint: closed.url } })).rejects.toThrow(/responded with 401 .*HUB_TOKEN/);
    await expectOrigin(await add(`hf:${repository}`, { hub: { endpoint: closed.url, token: 'secret' } }));
    await closed.stop();
  }, 120_000);
});

describe('a single file', () => {
  it('on this machine becomes the folder that it was made from, under its checksum', async () => {
    const sha256 = await sha256OfFile(single);
    await expect(add(single, { configDirectory: origin, sha256: new Map([['', '0'.repeat(64)]]) })).rejects.toThrow(/0000 was asked for/);
    const folder = await add(single, { configDirectory: origin, sha256: new Map([['', sha256]]), profile: { license: 'mine' } });
    await expectOrigin(folder);
    expect(await profileOf(folder)).toMatchObject({ source: 'local:single.safetensors', license: 'mine' });
  }, 120_000);

  it('of a hub or a web address is downloaded, and refused if it is no model of that shape', async () => {
    const files = await mkdtemp(join(scratch, 'files-'));
    await cp(single, join(files, 'model.safetensors'));
    const server = await startFakeHub(files, 'somebody/files');
    server.breaks = [1_000_000];
    await expectOrigin(await add('hf:somebody/files/model.safetensors', { configDirectory: origin, hub: { endpoint: server.url } }));
    await expectOrigin(await add(`${server.url}/cdn/model.safetensors`, { name: 'of-the-web', configDirectory: origin }));
    await expect(add(`${server.url}/cdn/model.safetensors`, { name: 'large' })).rejects.toThrow(
      /has no 'model\.diffusion_model\..* give the configs of its shape by --config/,
    );
    expect((await readdir(directory)).sort()).toEqual(['.downloads', 'of-the-web', 'small']);
    await server.stop();
  }, 120_000);

  it("of Stable Diffusion 2.x contains OpenCLIP's text encoder, whose last layer is omitted", async () => {
    const folder = await readDiffusersFolder(origin);
    const second = join(scratch, 'second');
    await writeDiffusersFolder(second, {
      base: origin,
      components: { text_encoder: { config: { ...componentOf(folder, 'text_encoder').config, hidden_act: 'gelu' } } },
    });
    const file = join(scratch, 'second.safetensors');
    await writeSafetensors(file, await inOpenClipLayout(), { dtype: 'F32' });
    await expect(add(file)).rejects.toThrow(/--prediction-type v_prediction/);
    await expectOrigin(await add(file, { configDirectory: second }));
  }, 120_000);
});

/** The single file with its text encoder as OpenCLIP names and joins it, and one layer more. */
async function inOpenClipLayout(): Promise<TensorEntry[]> {
  const textEncoder = componentOf(await readDiffusersFolder(origin), 'text_encoder');
  const reader = await textEncoder.openWeights();
  const prefix = 'cond_stage_model.model.';
  const entries: TensorEntry[] = [];
  const tensor = async (name: string, stored: string) =>
    entries.push({ name: prefix + stored, shape: reader.info(name).shape, data: await reader.read(name) });
  await tensor('embeddings.token_embedding.weight', 'token_embedding.weight');
  await tensor('embeddings.position_embedding.weight', 'positional_embedding');
  const layers = Number(textEncoder.config.num_hidden_layers);
  for (const part of ['weight', 'bias']) {
    await tensor(`final_layer_norm.${part}`, `ln_final.${part}`);
    for (let layer = 0; layer <= layers; layer++) {
      const [from, to] = [`encoder.layers.${Math.min(layer, layers - 1)}`, `transformer.resblocks.${layer}`];
      for (const [ours, theirs] of [
        ['layer_norm1', 'ln_1'],
        ['layer_norm2', 'ln_2'],
        ['self_attn.out_proj', 'attn.out_proj'],
        ['mlp.fc1', 'mlp.c_fc'],
        ['mlp.fc2', 'mlp.c_proj'],
      ])
        await tensor(`${from}.${ours}.${part}`, `${to}.${theirs}.${part}`);
      const parts = await Promise.all(['q', 'k', 'v'].map((name) => reader.read(`${from}.self_attn.${name}_proj.${part}`)));
      const [rows = 0, ...columns] = reader.info(`${from}.self_attn.q_proj.${part}`).shape;
      entries.push({
        name: `${prefix}${to}.attn.in_proj_${part}`,
        shape: [3 * rows, ...columns],
        data: Float32Array.from(parts.flatMap((values) => [...values])),
      });
    }
  }
  await reader.close();
  const whole = await openTensors(single);
  for (const name of whole.names().filter((stored) => !stored.startsWith('cond_stage_model.')))
    entries.push({ name, shape: whole.info(name).shape, data: await whole.read(name) });
  await whole.close();
  return entries;
}

describe('S3', () => {
  it('has a model as a folder under a prefix, or as a file', async () => {
    const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
    server.createBucket('models');
    const options = { ...s3, endpoint: server.address };
    const store = await createObjectStore({ kind: 's3', bucket: 'models', ...options });
    const paths = (await readdir(origin, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    for (const path of paths) await store.put(`shared/small${path.slice(origin.length)}`, { file: path });
    await store.put('files/single.safetensors', { file: single });
    const folder = await add('s3://models/shared/small/', {
      s3: options,
      sha256: new Map([[weightsFile, await sha256OfFile(join(origin, weightsFile))]]),
    });
    await expectOrigin(folder);
    expect((await profileOf(folder)).source).toBe('s3://models/shared/small/');
    await expectOrigin(await add('s3://models/files/single.safetensors', { name: 'single', s3: options, configDirectory: origin }));
    await expect(add('s3://models/files/none.safetensors', { name: 'none', s3: options })).rejects.toThrow(
      /there is no s3:\/\/models\/files\/none/,
    );
    await server.stop();
  }, 120_000);
});

describe('a path', () => {
  it('of a folder is copied once, and refused if tensors are missing', async () => {
    await expectOrigin(await add(origin));
    await expect(add(origin)).rejects.toThrow(/the base model small already exists: remove .* first, or choose another name/);
    const incomplete = join(scratch, 'incomplete');
    await cp(origin, incomplete, { recursive: true });
    await writeSafetensors(join(incomplete, 'vae', 'diffusion_pytorch_model.safetensors'), [
      { name: 'encoder.conv_in.weight', shape: [1], data: Float32Array.of(1) },
    ]);
    await expect(add(incomplete, { name: 'incomplete' })).rejects.toThrow(/vae.*(contains no|asks for)/);
    expect((await readdir(directory)).sort()).toEqual(['.downloads', 'small']);
  }, 120_000);
});

describe('an option of the operator', () => {
  const schedulerOf = async (folder: string) => (await readDiffusersFolder(folder)).schedulerConfig;

  it('for the prediction type applies to a folder and to a single file with configs', async () => {
    expect((await schedulerOf(await add(origin))).prediction_type).toBe('epsilon');
    const velocity = { predictionType: 'v_prediction' } as const;
    expect((await schedulerOf(await add(origin, { name: 'folder', ...velocity }))).prediction_type).toBe('v_prediction');
    expect((await schedulerOf(await add(single, { name: 'file', configDirectory: origin, ...velocity }))).prediction_type).toBe(
      'v_prediction',
    );
  }, 120_000);

  it('is not needed if the tokenizer config has a wrong number of ids, which is corrected with a message', async () => {
    const short = join(scratch, 'short');
    await cp(origin, short, { recursive: true });
    const config = join(short, 'tokenizer', 'tokenizer_config.json');
    await writeFile(config, JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), model_max_length: 24 }));
    const notes: string[] = [];
    const folder = await add(short, { onNote: (note) => void notes.push(note) });
    expect((await CLIPTokenizer.fromDirectory(join(folder, 'tokenizer'))).maxLength).toBe(77);
    expect(notes).toEqual([expect.stringMatching(/model_max_length was 24 and is now 77/)]);
    expect((await openModel(short)).tokenizers[0]!.encode('a house')).toHaveLength(77);
  }, 120_000);
});
