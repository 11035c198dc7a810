// The objects of a backup: every object is a file; files that an earlier backup contains are linked instead of fetched.
import { existsSync } from 'node:fs';
import { link, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileObjectStore, type ObjectStore } from '@styleforge/storage';

export interface SavedObjects {
  readonly count: number;
  readonly bytes: number;
}

/** Prefixes of objects that the service recreates, or has already deleted. */
const LEFT_OUT = ['readiness/', 'trash/'];

/** Copies all objects below `directory/objects`. `previous` is the folder of a complete earlier backup. */
export async function saveObjects(store: ObjectStore, directory: string, previous: string | undefined): Promise<SavedObjects> {
  const target = join(directory, 'objects');
  const files = new FileObjectStore(target);
  let [count, bytes] = [0, 0];
  for await (const { key, size } of store.list('')) {
    if (LEFT_OUT.some((prefix) => key.startsWith(prefix))) continue;
    const isLinked = previous !== undefined && (await linkIfSame(join(previous, 'objects', key), join(target, key), size));
    if (!isLinked) await copyObject(store, files, key);
    count++;
    bytes += size;
  }
  return { count, bytes };
}

/** Copies all objects of a backup to a store, except those that exist with the same size. Returns the number of objects. */
export async function restoreObjects(store: ObjectStore, directory: string): Promise<number> {
  const files = new FileObjectStore(join(directory, 'objects'));
  let count = 0;
  for await (const { key, size } of files.list('')) {
    if ((await store.head(key))?.size !== size) await copyObject(files, store, key);
    count++;
  }
  return count;
}

async function copyObject(from: ObjectStore, to: ObjectStore, key: string): Promise<void> {
  const { body, contentType } = await from.getStream(key);
  await to.put(key, body, contentType === undefined ? {} : { contentType });
}

/** The same size means the same content: objects never change under their key, except small ones that are cheap to fetch. */
async function linkIfSame(from: string, to: string, size: number): Promise<boolean> {
  if (size < 64 * 1024 || !existsSync(from) || (await stat(from)).size !== size) return false;
  await mkdir(dirname(to), { recursive: true });
  await link(from, to);
  return true;
}
