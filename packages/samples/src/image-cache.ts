// Image cache: renders a set of images once into a binary file and an index, and loads them from there.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isHeldOut } from './hold-out.ts';
import { listLicences } from './licences.ts';
import { renderSubject } from './render.ts';
import type { StyleId } from './styles.ts';
import { baseStyles } from './styles.ts';
import type { Subject } from './subjects.ts';
import { isMirrorable, listSubjects } from './subjects.ts';

export interface ImageCacheOptions {
  /** Default: the three base styles. */
  styles?: readonly StyleId[];
  /** Default: 64. */
  size?: number;
  background?: string;
  /** Adds the mirror image of every subject whose name mentions neither a side nor a number. */
  mirrored?: boolean;
  /** Default: listSubjects(). Pass listSubjects({ skinTones }) for more persons. */
  subjects?: readonly Subject[];
  /** `train` (the default) excludes the held-out pairs, and `held-out` contains only them. */
  split?: 'train' | 'held-out' | 'all';
  onProgress?: (progress: { done: number; of: number }) => void;
}

export interface ImageRecord {
  /** Subject id. */
  readonly subject: string;
  readonly style: StyleId;
  readonly name: string;
  readonly isPerson: boolean;
  readonly group: string;
  readonly mirrored: boolean;
  readonly heldOut: boolean;
  /** Position of the image's first byte in `images`. */
  readonly offset: number;
}

export interface ImageCache {
  readonly size: number;
  /** RGB, size * size * 3 bytes for each record. */
  readonly images: Uint8Array;
  readonly records: readonly ImageRecord[];
}

interface Task {
  subject: Subject;
  style: StyleId;
  mirrored: boolean;
}

/** Version of the cache files. Increase it when rendering, subjects or the split change, so that older files are not used. */
const cacheVersion = 1;

export async function buildImageCache(directory: string, options: ImageCacheOptions = {}): Promise<ImageCache> {
  const size = options.size ?? 64;
  const tasks = listTasks(options);
  const path = join(directory, `images-${fingerprint(options, size, tasks)}`);
  const known = await loadCache(path, size);
  if (known) return known;
  await mkdir(directory, { recursive: true });
  const cache = await renderAll(tasks, size, options);
  const partial = `${path}.${randomUUID()}`;
  await writeFile(`${partial}.rgb`, cache.images);
  await writeFile(`${partial}.json`, JSON.stringify({ size, records: cache.records }));
  await rename(`${partial}.rgb`, `${path}.rgb`);
  await rename(`${partial}.json`, `${path}.json`);
  return cache;
}

/** The bytes of one image, as a view. */
export function imageOf(cache: ImageCache, record: ImageRecord): Uint8Array {
  return cache.images.subarray(record.offset, record.offset + cache.size * cache.size * 3);
}

/** All images, in the order of the records, as views. */
export function imagesOf(cache: ImageCache): Uint8Array[] {
  return cache.records.map((record) => imageOf(cache, record));
}

function listTasks(options: ImageCacheOptions): Task[] {
  const split = options.split ?? 'train';
  const subjects = options.subjects ?? listSubjects();
  return (options.styles ?? baseStyles).flatMap((style) =>
    subjects.flatMap((subject) => {
      const heldOut = isHeldOut(subject, style);
      if (split !== 'all' && heldOut !== (split === 'held-out')) return [];
      const plain = { subject, style, mirrored: false };
      return options.mirrored && isMirrorable(subject) ? [plain, { ...plain, mirrored: true }] : [plain];
    }),
  );
}

async function renderAll(tasks: readonly Task[], size: number, options: ImageCacheOptions): Promise<ImageCache> {
  const bytes = size * size * 3;
  const images = new Uint8Array(tasks.length * bytes);
  const records: ImageRecord[] = [];
  for (const { subject, style, mirrored } of tasks) {
    const offset = records.length * bytes;
    images.set(await renderSubject(style, subject, { size, background: options.background, mirrored }), offset);
    const { id, name, isPerson, group } = subject;
    records.push({ subject: id, style, name, isPerson, group, mirrored, heldOut: isHeldOut(subject, style), offset });
    options.onProgress?.({ done: records.length, of: tasks.length });
  }
  return { size, images, records };
}

async function loadCache(path: string, size: number): Promise<ImageCache | undefined> {
  const index = await readFile(`${path}.json`, 'utf8').catch(missingIsUndefined);
  const file = index === undefined ? undefined : await open(`${path}.rgb`).catch(missingIsUndefined);
  if (index === undefined || file === undefined) return undefined;
  try {
    const { records } = JSON.parse(index) as { records: ImageRecord[] };
    const images = await file.readFile();
    if (images.length !== records.length * size * size * 3) return undefined;
    return { size, images: new Uint8Array(images.buffer, images.byteOffset, images.length), records };
  } finally {
    await file.close();
  }
}

function missingIsUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

function fingerprint(options: ImageCacheOptions, size: number, tasks: readonly Task[]): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([cacheVersion, size, options.background ?? '#ffffff', listLicences()]));
  for (const { subject, style, mirrored } of tasks) hash.update(`${style}/${subject.unicodeKey}/${subject.name}/${mirrored}\n`);
  return hash.digest('hex').slice(0, 16);
}
