// What the service needs of an object store, whatever stands behind it.
import type { Readable } from 'node:stream';

export type ObjectBody = Uint8Array | Readable | { file: string };

export interface ByteRange {
  start: number;
  /** Inclusive, as in HTTP; to the end when absent. */
  end?: number;
}

export interface ListedObject {
  key: string;
  size: number;
  modifiedAt: Date;
}

export interface ObjectStore {
  /** Whole or not at all: a reader never sees half an object. */
  put(key: string, body: ObjectBody, options?: { contentType?: string }): Promise<{ size: number; sha256: string }>;
  get(key: string): Promise<Uint8Array>;
  /** `size` is that of the whole object, also with a range. */
  getStream(key: string, range?: ByteRange): Promise<{ body: Readable; size: number; contentType?: string }>;
  head(key: string): Promise<{ size: number; contentType?: string } | null>;
  /** Objects below one folder come together. Most stores list in the order of the keys' bytes, some folder by folder. */
  list(prefix: string): AsyncIterable<ListedObject>;
  delete(key: string): Promise<void>;
  deletePrefix(prefix: string): Promise<void>;
  /** Gives the object another key, without carrying its bytes through this process. Throws ObjectNotFoundError. */
  move(from: string, to: string): Promise<void>;
  /** A link that works without credentials for this number of seconds; absent if the store has no server. */
  presignGet?(key: string, seconds: number, answer?: { fileName?: string; contentType?: string }): Promise<string>;
  /** A link to which an object can be sent by PUT without credentials; absent where presignGet is. */
  presignPut?(key: string, seconds: number): Promise<string>;
  /** Frees what processes killed in the middle of a put have left, where that does not happen by itself. Returns how many. */
  removeUnfinished?(olderThanMs: number): Promise<number>;
  /** Throws StoreIdentityError when this is not the store of the database; only of a store that knows its database. */
  assertOwn?(): Promise<void>;
}

/** The store cannot be used as it is set up; the message names the setting and the remedy, and nothing secret. */
export class ObjectStoreUnavailableError extends Error {
  override name = 'ObjectStoreUnavailableError';
}

/** Its bytes are not those that were put. */
export class DamagedObjectError extends Error {
  override name = 'DamagedObjectError';
}

/** Whether something could not be written for want of room; also of an error that came from another process, which keeps its code. */
export function isStorageFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(String((error as { code?: unknown } | null)?.code));
}

/** Throws ObjectStoreUnavailableError when the store is not there, may not be used, or is another one than that of the database. */
export async function checkObjectStore(store: ObjectStore): Promise<void> {
  await store.assertOwn?.();
  for await (const _ of store.list('readiness/')) return;
}

export class ObjectNotFoundError extends Error {
  override name = 'ObjectNotFoundError';
  readonly key: string;
  constructor(key: string) {
    super(`the object store has no object ${key}`);
    this.key = key;
  }
}

export class InvalidKeyError extends Error {
  override name = 'InvalidKeyError';
}

export class InvalidRangeError extends Error {
  override name = 'InvalidRangeError';
}

const segment = /^[A-Za-z0-9_][A-Za-z0-9._=@+-]{0,199}$/;

/** Every store takes the same keys: no dot segments, nothing that a file system or a URL reads differently. */
export function checkKey(key: string): void {
  if (key.length > 900 || !key.split('/').every((part) => segment.test(part))) {
    throw new InvalidKeyError(
      `${JSON.stringify(key)} is not an object key: use letters, digits and ._=@+- in parts joined by /, none starting with a dot`,
    );
  }
}

export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

const contentTypes: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  json: 'application/json',
  txt: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
};

export function contentTypeOf(key: string): string {
  return contentTypes[key.slice(key.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}
