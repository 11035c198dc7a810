// Models as other tools and networks leave them: taken as they are meant, or refused by `add` with the file and what to do.
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIPTokenizer, loadTextToImagePipeline } from '@styleforge/diffusion';
import { openTensors, SafetensorsReader, writeSafetensors, writeSingleFile, type TensorEntry } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { addBaseModel, type AddBaseModelOptions } from '../src/base-models/add-base-model.ts';
import { startFakeHub } from '../src/bench/first-use/fake-hub.ts';

let scratch: string;
let origin: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-odd-models-'));
  origin = join(scratch, 'origin');
  await makeTinyBaseModel(origin);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function copy(): Promise<string> {
  const folder = join(await mkdtemp(join(scratch, 'model-')), 'model');
  await cp(origin, folder, { recursive: true });
  return folder;
}
async function editJson(file: string, changes: object): Promise<void> {
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), ...changes }));
}
async function add(source: string, more: Partial<AddBaseModelOptions> = {}): Promise<string> {
  const directory = await mkdtemp(join(scratch, 'models-'));
  const hub = { endpoint: 'http://127.0.0.1:9' };
  return addBaseModel({
    directory,
    name: 'odd',
    source,
    hub,
    s3: { region: 'us-east-1', forcePathStyle: true },
    revision: 'main',
    sha256: new Map(),
    profile: {},
    backoffMs: 1,
    ...more,
  });
}
/** Each tensor as `change` gives it back; undefined omits it. */
async function rewrite(
  file: string,
  change: (entry: TensorEntry & { data: Float32Array }) => TensorEntry | undefined,
  target = file,
): Promise<void> {
  const reader = await SafetensorsReader.open(file);
  const entries: TensorEntry[] = [];
  for (const name of reader.names()) {
    const entry = change({ name, shape: [...reader.info(name).shape], data: await reader.read(name) });
    if (entry) entries.push(entry);
  }
  await reader.close();
  await writeSafetensors(target, entries, { dtype: 'F32' });
}
const unetFile = join('unet', 'diffusion_pytorch_model.safetensors');

describe('a base model is refused with its file and the reason, and without the path of a copy:', () => {
  const channels = async (folder: string, side: 'in' | 'out', count: number): Promise<void> => {
    await editJson(join(folder, 'unet', 'config.json'), { [`${side}_channels`]: count });
    await rewrite(join(folder, unetFile), (entry) => {
      const [rows = 0, columns = 0] = entry.shape;
      const resized = (shape: number[]): TensorEntry => ({ ...entry, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
      if (side === 'in') return entry.name === 'conv_in.weight' ? resized([rows, count, 3, 3]) : entry;
      if (entry.name === 'conv_out.weight') return resized([count, columns, 3, 3]);
      return entry.name === 'conv_out.bias' ? resized([count]) : entry;
    });
  };
  it.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    [
      'a Git LFS pointer',
      (folder) => writeFile(join(folder, unetFile), 'version https://git-lfs.github.com/spec/v1\noid sha256:00'),
      /unet\/diffusion_pytorch_model\.safetensors is a Git LFS pointer.*git lfs pull/,
    ],
    [
      'a web page',
      (folder) => writeFile(join(folder, 'tokenizer', 'vocab.json'), '<!DOCTYPE html>'),
      /tokenizer\/vocab\.json is a web page/,
    ],
    ['an inpainting model', (folder) => channels(folder, 'in', 9), /unet\/config\.json has in_channels 9, and 4/],
    ['eight output channels', (folder) => channels(folder, 'out', 8), /unet\/config\.json has out_channels 8/],
    ['gray images', (folder) => editJson(join(folder, 'vae', 'config.json'), { in_channels: 1 }), /vae\/config\.json has in_channels 1/],
    [
      'weights that are not numbers',
      (folder) =>
        rewrite(join(folder, unetFile), (entry) => ({ ...entry, data: entry.name === 'conv_in.bias' ? entry.data.fill(NaN) : entry.data })),
      /is damaged: 'conv_in\.bias' contains NaN at place 0/,
    ],
    [
      'scaled weights',
      (folder) =>
        rewrite(join(folder, unetFile), (entry) => (entry.name === 'conv_in.bias' ? { ...entry, name: 'conv_in.scale_weight' } : entry)),
      /is quantized: 'conv_in\.scale_weight'/,
    ],
    [
      'a model with a LoRA attached',
      (folder) => rewrite(join(folder, unetFile), (entry) => ({ ...entry, name: entry.name.replace(/(attn1\.to_q)\./, '$1.base_layer.') })),
      /was saved with a LoRA attached: '.*attn1\.to_q\.base_layer\.weight'; call fuse_lora\(\)/,
    ],
    [
      'a scheduler of another kind',
      (folder) => editJson(join(folder, 'scheduler', 'scheduler_config.json'), { thresholding: true }),
      /scheduler_config\.json cannot be used: .*thresholding/,
    ],
    [
      'a thousand million layers',
      (folder) => editJson(join(folder, 'unet', 'config.json'), { layers_per_block: 1e9 }),
      /unet\/config\.json cannot be used: .*'layers_per_block' is 1000000000/,
    ],
    [
      'a tokenizer larger than the embedding',
      (folder) => editJson(join(folder, 'tokenizer', 'vocab.json'), { extra: 5000 }),
      /tokenizer has the token number 5000, and the text encoder's vocab_size is 1000/,
    ],
    [
      'weights in the format of PyTorch alone',
      (folder) => rename(join(folder, unetFile), join(folder, 'unet', 'diffusion_pytorch_model.bin')),
      /unet has no safetensors weights, only unet\/diffusion_pytorch_model\.bin; .*safe_serialization=True/,
    ],
    [
      'the folder around a model',
      async (folder) => {
        await rename(folder, `${folder}-inner`);
        await mkdir(folder);
        await rename(`${folder}-inner`, join(folder, 'inner'));
      },
      /contains no model_index\.json; its folder inner does: name that folder/,
    ],
    [
      'a folder of single files',
      async (folder) => {
        await rm(join(folder, 'model_index.json'));
        await writeFile(join(folder, 'style.safetensors'), '');
      },
      /contains no model_index\.json; it contains style\.safetensors: name that file/,
    ],
    [
      'a model with a transformer',
      (folder) => rename(join(folder, 'unet'), join(folder, 'transformer')),
      /has a transformer in place of a U-Net/,
    ],
    [
      'a download that stopped',
      (folder) => rm(join(folder, 'scheduler'), { recursive: true }),
      /scheduler\/scheduler_config\.json missing; download the whole folder/,
    ],
    [
      'a profile that the catalogue would not read',
      (folder) => writeFile(join(folder, 'styleforge.json'), '{"resolution": 500}'),
      /styleforge\.json is not valid: resolution/,
    ],
  ])(
    '%s',
    async (_name, damage, message) => {
      const folder = await copy();
      await damage(folder);
      const error = await add(folder).catch((thrown: unknown) => thrown as Error);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).not.toContain('.downloads');
    },
    60_000,
  );
});

describe('a base model is added:', () => {
  it.each([
    ['added_tokens.json', '{"<sks-style>": 1000}'],
    ['tokenizer.json', '{"model": {"vocab": {}}, "added_tokens": [{"id": 1000, "content": "<sks-style>", "special": false}]}'],
  ])(
    'a model with a learned word in %s, which is one token with its own row',
    async (file, content) => {
      const folder = await copy();
      await writeFile(join(folder, 'tokenizer', file), content);
      await editJson(join(folder, 'text_encoder', 'config.json'), { vocab_size: 1001 });
      await rewrite(join(folder, 'text_encoder', 'model.safetensors'), (entry) => {
        const [rows = 0, width = 0] = entry.shape;
        return entry.name.includes('token_embedding')
          ? { ...entry, shape: [rows + 1, width], data: Float32Array.from([...entry.data, ...entry.data.slice(0, width)]) }
          : entry;
      });
      expect((await CLIPTokenizer.fromDirectory(join(await add(folder), 'tokenizer'))).encode('a <sks-style> house')).toContain(1000);
    },
    60_000,
  );

  it.each(['F8_E4M3', 'F8_E5M2'])(
    'weights in %s, which are read as the numbers that they stand for',
    async (dtype) => {
      const folder = await copy();
      const reader = await SafetensorsReader.open(join(folder, unetFile));
      let at = 0;
      const spans = reader.names().map((name) => {
        const { shape } = reader.info(name);
        const begin = at;
        at += shape.reduce((a, b) => a * b, 1);
        return [name, { dtype, shape, data_offsets: [begin, at] }];
      });
      await reader.close();
      const json = Buffer.from(JSON.stringify(Object.fromEntries(spans)));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(json.length));
      // 0x38 is 1 in E4M3 and 0.5 in E5M2, 0xb8 their negatives
      await writeFile(join(folder, unetFile), Buffer.concat([length, json, Buffer.alloc(at, Buffer.from([0x38, 0xb8]))]));
      const added = await SafetensorsReader.open(join(await add(folder), unetFile));
      const one = dtype === 'F8_E4M3' ? 1 : 0.5;
      expect(new Set(await added.read('conv_in.weight'))).toEqual(new Set([one, -one]));
      await added.close();
    },
    60_000,
  );

  it('a scheduler config with a bare infinity, and a tokenizer that is tokenizer.json alone, from a hub', async () => {
    const folder = await copy();
    const scheduler = '{"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "scaled_linear", "lambda_min_clipped": -Infinity}';
    await writeFile(join(folder, 'scheduler', 'scheduler_config.json'), scheduler);
    const vocab = JSON.parse(await readFile(join(folder, 'tokenizer', 'vocab.json'), 'utf8')) as object;
    await writeFile(
      join(folder, 'tokenizer', 'tokenizer.json'),
      JSON.stringify({ model: { type: 'BPE', vocab, merges: [] }, added_tokens: [] }),
    );
    for (const old of ['vocab.json', 'merges.txt']) await rm(join(folder, 'tokenizer', old));
    const hub = await startFakeHub(folder, 'me/odd');
    try {
      expect(await readdir(join(await add('hf:me/odd', { hub: { endpoint: hub.url } }), 'tokenizer'))).toContain('tokenizer.json');
    } finally {
      await hub.stop();
    }
  }, 60_000);

  it('only the files that belong to it, without those that desktops create', async () => {
    const folder = await copy();
    await mkdir(join(folder, 'feature_extractor'));
    await editJson(join(folder, 'model_index.json'), { feature_extractor: ['transformers', 'CLIPImageProcessor'] });
    await writeFile(join(folder, 'feature_extractor', 'preprocessor_config.json'), '{}');
    for (const stray of [
      'tokenizer/.DS_Store',
      'tokenizer/vocab (1).json',
      'tokenizer/übrig.txt',
      'feature_extractor/._preprocessor_config.json',
    ])
      await writeFile(join(folder, stray), 'x');
    const added = await add(folder);
    expect((await readdir(join(added, 'tokenizer'))).sort()).toEqual([
      'merges.txt',
      'special_tokens_map.json',
      'tokenizer_config.json',
      'vocab.json',
    ]);
    expect(await readdir(join(added, 'feature_extractor'))).toEqual(['preprocessor_config.json']);
  }, 60_000);

  it('a single file of an older trainer, with the leftovers of its autoencoder', async () => {
    const [plain, old] = [join(scratch, 'plain.safetensors'), join(scratch, 'old.safetensors')];
    await writeSingleFile(plain, origin, { dtype: 'F32' });
    const reader = await openTensors(plain);
    const entries: TensorEntry[] = reader.names().map((name) => ({
      name: name.replace('cond_stage_model.transformer.text_model.', 'cond_stage_model.transformer.'),
      shape: reader.info(name).shape,
      data: () => reader.read(name),
    }));
    for (const name of ['first_stage_model.loss.logvar', 'first_stage_model.model_ema.decay', 'cond_stage_model.logit_scale'])
      entries.push({ name, shape: [1], data: new Float32Array(1) });
    await writeSafetensors(old, entries, { dtype: 'F32' });
    await reader.close();
    await expect(add(old, { configDirectory: origin })).resolves.toMatch(/odd$/);
  }, 60_000);
});

describe('a web address', () => {
  let server: Server;
  let address: string;
  const asked: (string | undefined)[] = [];
  let status = 200;
  beforeAll(async () => {
    const file = join(scratch, 'served.safetensors');
    await writeSingleFile(file, origin, { dtype: 'F32' });
    const bytes = await readFile(file);
    server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(status).end(bytes);
    }).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(() => server.close());

  it.each(['model.safetensors?token=SECRET', 'my%20model.safetensors', 'a+b(1).safetensors', 'api/download/models/1234?token=SECRET'])(
    'of %s is accepted, and no secret of it is stored',
    async (path) => {
      const folder = await add(`http://${address}/${path}`, { configDirectory: origin });
      expect(await readFile(join(folder, 'styleforge.json'), 'utf8')).not.toContain('SECRET');
    },
    60_000,
  );

  it('with user and password sends them in a header, and shows neither', async () => {
    const folder = await add(`http://somebody:SECRET@${address}/model.safetensors`, { configDirectory: origin });
    expect(asked.at(-1)).toBe(`Basic ${Buffer.from('somebody:SECRET').toString('base64')}`);
    expect(await readFile(join(folder, 'styleforge.json'), 'utf8')).not.toMatch(/SECRET|somebody/);
    status = 403;
    const error = await add(`http://somebody:SECRET@${address}/model.safetensors?token=SECRET`).catch((thrown: unknown) => thrown as Error);
    status = 200;
    expect((error as Error).message).toMatch(/responded with 403/);
    expect((error as Error).message).not.toContain('SECRET');
  }, 60_000);
});

it('weights that are damaged later end a generation with an error, never with a black image', async () => {
  const folder = await add(await copy());
  await rewrite(join(folder, unetFile), (entry) => ({ ...entry, data: entry.name === 'conv_in.bias' ? entry.data.fill(NaN) : entry.data }));
  const pipeline = await loadTextToImagePipeline(folder);
  const images = pipeline.generate({ prompts: ['a'], steps: 1, guidanceScale: 1, sampler: 'ddim', seed: 1 });
  await expect(images.next()).rejects.toThrow(/is damaged: 'conv_in\.bias' contains NaN/);
  await pipeline.release();
}, 60_000);
