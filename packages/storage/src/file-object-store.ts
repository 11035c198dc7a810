// Stores objects as plain files in one directory.
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HashingStream, readableOf } from './hashing.ts';
import {
  type ByteRange,
  checkKey,
  checkPrefix,
  contentTypeOf,
  InvalidKeyError,
  InvalidRangeError,
  type ListedObject,
  type ObjectBody,
  ObjectNotFoundError,
  type ObjectStore,
} from './object-store.ts';

/** Folder of unfinished files, which are never listed, because no key starts with a dot. */
const unfinishedFolder = '.unfinished';
const dayInMilliseconds = 86_400_000;

export class FileObjectStore implements ObjectStore {
  readonly #root: string;
  #cleaned: Promise<void> | undefined;

  constructor(directory: string) {
    this.#root = resolve(directory);
  }

  async put(key: string, body: ObjectBody): Promise<{ size: number; sha256: string }> {
    const target = this.#path(key);
    await this.#cleanOnce();
    const unfinished = join(this.#root, unfinishedFolder, randomUUID());
    try {
      const written = await this.#write(unfinished, body);
      await this.#moveInto(unfinished, target);
      return written;
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  async get(key: string): Promise<Uint8Array> {
    return readFile(this.#path(key)).catch(asNotFound(key));
  }

  async getStream(key: string, range?: ByteRange) {
    const { size } = await this.#stat(key);
    checkRange(key, size, range);
    return { body: createReadStream(this.#path(key), { ...range, highWaterMark: 1 << 20 }), size, contentType: contentTypeOf(key) };
  }

  async head(key: string) {
    try {
      const { size } = await this.#stat(key);
      return { size, contentType: contentTypeOf(key) };
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return null;
      throw error;
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    checkPrefix(prefix);
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    yield* this.#walk(folder, prefix);
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
    await this.#removeEmptyFolders(dirname(key));
  }

  async deletePrefix(prefix: string): Promise<void> {
    if (prefix === '') throw new InvalidKeyError('deletePrefix requires a prefix: an empty one would delete everything');
    const keys: string[] = [];
    for await (const { key } of this.list(prefix)) keys.push(key);
    for (const key of keys) await this.delete(key);
  }

  async move(from: string, to: string): Promise<void> {
    await this.#stat(from);
    await this.#moveInto(this.#path(from), this.#path(to), from);
    await this.#removeEmptyFolders(dirname(from));
  }

  #path(key: string): string {
    checkKey(key);
    return join(this.#root, key);
  }

  async #stat(key: string): Promise<{ size: number }> {
    const found = await stat(this.#path(key)).catch(asNotFound(key));
    if (!found.isFile()) throw new ObjectNotFoundError(key);
    return found;
  }

  async #write(file: string, body: ObjectBody): Promise<{ size: number; sha256: string }> {
    await mkdir(dirname(file), { recursive: true });
    const hashing = new HashingStream();
    const handle = await open(file, 'wx');
    try {
      await pipeline(
        readableOf(body),
        hashing,
        new Writable({ write: (chunk: Buffer, _encoding, done) => void handle.writeFile(chunk).then(() => done(), done) }),
      );
      await handle.sync();
    } finally {
      await handle.close();
    }
    return hashing.result();
  }

  async #moveInto(source: string, target: string, key?: string): Promise<void> {
    // Deleting the folder's last other object may remove the folder in between.
    for (let attempt = 1; ; attempt++) {
      await mkdir(dirname(target), { recursive: true });
      try {
        return await rename(source, target);
      } catch (error) {
        // An object may be deleted while it is moved.
        if (key !== undefined && (await statIfThere(source)) === undefined) throw new ObjectNotFoundError(key);
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 5) throw error;
      }
    }
  }

  async *#walk(folder: string, prefix: string): AsyncGenerator<ListedObject> {
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw error;
    });
    const keys = entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''));
    for (const key of keys.sort(byBytes)) {
      if (key.endsWith('/')) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.#walk(key, prefix);
      } else if (key.startsWith(prefix)) {
        const found = await statIfThere(join(this.#root, key));
        if (found?.isFile()) yield { key, size: found.size, modifiedAt: found.mtime };
      }
    }
  }

  async #removeEmptyFolders(folder: string): Promise<void> {
    for (let path = folder; path !== '.'; path = dirname(path)) {
      try {
        await rmdir(join(this.#root, path));
      } catch (error) {
        if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
        throw error;
      }
    }
  }

  /** Removes abandoned files once; a failed attempt is repeated at the next put. */
  #cleanOnce(): Promise<void> {
    return (this.#cleaned ??= this.#removeAbandoned().catch((error: unknown) => {
      this.#cleaned = undefined;
      throw error;
    }));
  }

  /** Removes the unfinished files of processes that were killed during a put. */
  async #removeAbandoned(): Promise<void> {
    const folder = join(this.#root, unfinishedFolder);
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const found = await statIfThere(file);
      if (found && Date.now() - found.mtimeMs > dayInMilliseconds) await rm(file, { force: true });
    }
  }
}

/** Another process may remove the file at any time. */
const statIfThere = (file: string) =>
  stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });

const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function asNotFound(key: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(error.code ?? '')) throw new ObjectNotFoundError(key);
    throw error;
  };
}

function checkRange(key: string, size: number, range?: ByteRange): void {
  if (!range) return;
  const { start, end = size - 1 } = range;
  if (start < 0 || start >= size || end < start) throw new InvalidRangeError(`${key} has ${size} bytes: ${start}-${end} is outside`);
}
