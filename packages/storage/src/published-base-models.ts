// Base models that the object store keeps for all machines: a manifest for each name, and files by their content.
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { downloadObject, readableOf } from './hashing.ts';
import { publishedFileKey, publishedModelKey, publishedModelsPrefix } from './keys.ts';
import { DamagedObjectError, ObjectNotFoundError, type ObjectStore } from './object-store.ts';

export interface PublishedFile {
  /** Relative to the model's folder, with slashes. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface PublishedModel {
  readonly name: string;
  readonly files: readonly PublishedFile[];
  /** SHA-256 of the paths and contents of all files. */
  readonly digest: string;
}

/** The bytes of the weights that a machine needs: all, or only the headers that list their tensors. */
export type WeightsWanted = 'whole' | 'headers';

/** Length of the number at the beginning of a safetensors file. */
const HEADER_LENGTH_BYTES = 8;
const MOST_HEADER_BYTES = 100 * 1024 * 1024;

/** Uploads the files of the folder, by their paths in it, that the store lacks, then the manifest, which replaces an earlier model of the name. */
export async function publishBaseModel(
  store: ObjectStore,
  name: string,
  { directory, paths }: { readonly directory: string; readonly paths: readonly string[] },
  onFile: (file: PublishedFile, isNew: boolean) => void = () => undefined,
): Promise<PublishedModel> {
  const files: PublishedFile[] = [];
  for (const path of [...paths].sort()) {
    const file = join(directory, path);
    const described = { path, ...(await digestOfFile(file)) };
    const key = publishedFileKey(described.sha256);
    const isNew = (await store.head(key))?.size !== described.size;
    if (isNew) await store.put(key, { file });
    files.push(described);
    onFile(described, isNew);
  }
  const model = { name, files, digest: digestOf(files) };
  await store.put(publishedModelKey(name), Buffer.from(JSON.stringify(model)), { contentType: 'application/json' });
  return model;
}

export async function listPublishedModels(store: ObjectStore): Promise<PublishedModel[]> {
  const models: PublishedModel[] = [];
  for await (const { key } of store.list(`${publishedModelsPrefix}manifests/`)) {
    const model = await readManifest(store, key);
    if (model !== null) models.push(model);
  }
  return models;
}

/** Finds a model; null if the store has none of the name. Throws DamagedObjectError. */
export const findPublishedModel = (store: ObjectStore, name: string): Promise<PublishedModel | null> =>
  readManifest(store, publishedModelKey(name));

/** Removes the manifest, and files that no other published model uses. Copies on other machines stay. Returns whether there was one. */
export async function withdrawBaseModel(store: ObjectStore, name: string): Promise<boolean> {
  const model = await findPublishedModel(store, name);
  if (model === null) return false;
  await store.delete(publishedModelKey(name));
  const needed = new Set((await listPublishedModels(store)).flatMap(({ files }) => files.map(({ sha256 }) => sha256)));
  for (const { sha256 } of model.files) if (!needed.has(sha256)) await store.delete(publishedFileKey(sha256));
  return true;
}

/**
 * Returns the folder of a published model below `cacheDirectory`, which is fetched if it is missing. It appears completely or not at all,
 * and another content gets another folder. Throws DamagedObjectError for bytes that differ from the published ones.
 */
export async function fetchPublishedModel(
  store: ObjectStore,
  model: PublishedModel,
  cacheDirectory: string,
  wanted: WeightsWanted,
): Promise<string> {
  const folder = join(cacheDirectory, `${model.name}-${model.digest.slice(0, 16)}${wanted === 'headers' ? '.headers' : ''}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${randomUUID()}.part`;
  try {
    for (const file of model.files) await fetchFile(store, file, join(unfinished, file.path), wanted);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process of this machine was faster.
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return folder;
    throw error;
  }
  return folder;
}

async function fetchFile(store: ObjectStore, { path, size, sha256 }: PublishedFile, target: string, wanted: WeightsWanted): Promise<void> {
  const key = publishedFileKey(sha256);
  if (wanted === 'whole' || !path.endsWith('.safetensors')) {
    await downloadObject(store, key, target, sha256);
    return;
  }
  // The rest of the file is sparse: it takes no disk space, and readers of sizes or headers see the real ones.
  const start = await bytesOf(store, key, 0, HEADER_LENGTH_BYTES);
  const length = Number(start.readBigUInt64LE(0));
  if (length > Math.min(size - HEADER_LENGTH_BYTES, MOST_HEADER_BYTES)) throw new DamagedObjectError(`${key} is not a safetensors file`);
  await mkdir(dirname(target), { recursive: true });
  const { body } = await store.getStream(key, { start: 0, end: HEADER_LENGTH_BYTES + length - 1 });
  await pipeline(body, createWriteStream(target));
  await truncate(target, size);
}

async function bytesOf(store: ObjectStore, key: string, start: number, length: number): Promise<Buffer> {
  const { body } = await store.getStream(key, { start, end: start + length - 1 });
  return Buffer.concat((await body.toArray()) as Buffer[]);
}

async function readManifest(store: ObjectStore, key: string): Promise<PublishedModel | null> {
  let bytes: Uint8Array;
  try {
    bytes = await store.get(key);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  }
  const model = parseManifest(bytes);
  if (model === null) throw new DamagedObjectError(`${key} is damaged: publish the base model again`);
  return model;
}

function parseManifest(bytes: Uint8Array): PublishedModel | null {
  try {
    const model = JSON.parse(new TextDecoder().decode(bytes)) as PublishedModel;
    const isWhole = typeof model.name === 'string' && model.files.every(isInside) && digestOf(model.files) === model.digest;
    return isWhole ? model : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

const isInside = ({ path }: PublishedFile): boolean => path !== '' && !isAbsolute(path) && !path.split(/[/\\]/).includes('..');

const digestOf = (files: readonly PublishedFile[]): string =>
  createHash('sha256')
    .update(files.map(({ path, size, sha256 }) => `${sha256} ${size} ${path}\n`).join(''))
    .digest('hex');

async function digestOfFile(file: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(readableOf({ file }), hash);
  return { size: (await stat(file)).size, sha256: hash.digest('hex') };
}
