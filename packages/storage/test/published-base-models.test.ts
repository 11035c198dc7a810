// Base models in the object store: upload, fetch, refusals and removal.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  DamagedObjectError,
  fetchPublishedModel,
  FileObjectStore,
  findPublishedModel,
  listPublishedModels,
  type PublishedFile,
  publishBaseModel,
  withdrawBaseModel,
} from '../src/index.ts';

const WEIGHTS = 'unet/diffusion_pytorch_model.safetensors';
const HEADER = JSON.stringify({ weight: { dtype: 'F32', shape: [1024], data_offsets: [0, 4096] } });

let directory: string;
let source: string;
let cache: string;
let store: FileObjectStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-published-'));
  source = join(directory, 'source');
  cache = join(directory, 'cache');
  store = new FileObjectStore(join(directory, 'store'));
  await mkdir(join(source, 'unet'), { recursive: true });
  await writeFile(join(source, 'model_index.json'), '{}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(HEADER.length));
  await writeFile(join(source, WEIGHTS), Buffer.concat([length, Buffer.from(HEADER), Buffer.alloc(4096, 7)]));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const publish = async (name = 'small') => {
  const uploaded: PublishedFile[] = [];
  const model = await publishBaseModel(
    store,
    name,
    { directory: source, paths: [WEIGHTS, 'model_index.json'] },
    (file, isNew) => isNew && uploaded.push(file),
  );
  return { model, uploaded: uploaded.map(({ path }) => path) };
};

it('uploads each content once, and another machine fetches the same bytes', async () => {
  const { model, uploaded } = await publish();
  expect(uploaded).toEqual(['model_index.json', WEIGHTS]);
  expect((await publish('again')).uploaded).toEqual([]);
  expect((await listPublishedModels(store)).map(({ name }) => name).sort()).toEqual(['again', 'small']);
  const folder = await fetchPublishedModel(store, model, cache, 'whole');
  expect(await readFile(join(folder, WEIGHTS))).toEqual(await readFile(join(source, WEIGHTS)));
  await rm(join(directory, 'store'), { recursive: true });
  expect(await fetchPublishedModel(store, model, cache, 'whole')).toBe(folder);
});

it('fetches only headers for a caller that reads nothing else, and shows the real size', async () => {
  const { model } = await publish();
  const folder = await fetchPublishedModel(store, model, cache, 'headers');
  const bytes = await readFile(join(folder, WEIGHTS));
  expect(bytes.subarray(8, 8 + HEADER.length).toString()).toBe(HEADER);
  expect(bytes.length).toBe(model.files.find(({ path }) => path === WEIGHTS)?.size);
  expect(new Set(bytes.subarray(8 + HEADER.length))).toEqual(new Set([0]));
  expect(await fetchPublishedModel(store, model, cache, 'whole')).not.toBe(folder);
});

it('gives a changed model another folder', async () => {
  const first = await fetchPublishedModel(store, (await publish()).model, cache, 'whole');
  await writeFile(join(source, 'model_index.json'), '{"_name": "other"}');
  const { model, uploaded } = await publish();
  expect(uploaded).toEqual(['model_index.json']);
  const second = await fetchPublishedModel(store, model, cache, 'whole');
  expect(second).not.toBe(first);
  expect(await readFile(join(first, 'model_index.json'), 'utf8')).toBe('{}');
});

it('leaves one folder and nothing else after several processes fetched at once', async () => {
  const { model } = await publish();
  const folders = await Promise.all([1, 2, 3, 4].map(() => fetchPublishedModel(store, model, cache, 'whole')));
  expect(new Set(folders).size).toBe(1);
  expect(await readdir(cache)).toHaveLength(1);
});

it('refuses damaged bytes and a damaged manifest, and leaves nothing behind', async () => {
  const { model } = await publish();
  const weights = model.files.find(({ path }) => path === WEIGHTS)!;
  await store.put(`base-models/files/${weights.sha256}`, Buffer.from('other bytes'));
  await expect(fetchPublishedModel(store, model, cache, 'whole')).rejects.toThrow(DamagedObjectError);
  await expect(fetchPublishedModel(store, model, cache, 'headers')).rejects.toThrow(DamagedObjectError);
  expect(await readdir(cache)).toEqual([]);
  await store.put('base-models/manifests/small.json', Buffer.from(JSON.stringify({ ...model, files: [] })));
  await expect(findPublishedModel(store, 'small')).rejects.toThrow(/small\.json is damaged: publish the base model again/);
});

it('refuses a manifest whose files would be written outside of the folder', async () => {
  await cp(source, join(directory, 'copy'), { recursive: true });
  const { model } = await publish();
  const manifest = JSON.stringify(model).replace('model_index.json', '../../model_index.json');
  await store.put('base-models/manifests/small.json', Buffer.from(manifest));
  await expect(findPublishedModel(store, 'small')).rejects.toThrow(DamagedObjectError);
});

it('withdraws a model, and keeps files that another one uses', async () => {
  await publish();
  await writeFile(join(source, 'model_index.json'), '{"_name": "other"}');
  const { model } = await publish('other');
  expect(await withdrawBaseModel(store, 'small')).toBe(true);
  expect(await withdrawBaseModel(store, 'small')).toBe(false);
  const folder = await fetchPublishedModel(store, model, cache, 'whole');
  expect((await stat(join(folder, WEIGHTS))).size).toBeGreaterThan(4096);
  await withdrawBaseModel(store, 'other');
  for await (const { key } of store.list('')) throw new Error(`${key} was left behind`);
});
