// The interface of object stores.
import type { Readable } from 'node:stream';

export type ObjectBody = Uint8Array | Readable | { file: string };

export interface ByteRange {
  start: number;
  /** Last byte, inclusive as in HTTP. Absent: to the end. */
  end?: number;
}

export interface ListedObject {
  key: string;
  size: number;
  modifiedAt: Date;
}

export interface ObjectStore {
  /** Writes an object completely or not at all, so that no reader sees a part of it. */
  put(key: string, body: ObjectBody, options?: { contentType?: string }): Promise<{ size: number; sha256: string }>;
  get(key: string): Promise<Uint8Array>;
  /** `size` is that of the whole object, even with a range. */
  getStream(key: string, range?: ByteRange): Promise<{ body: Readable; size: number; contentType?: string }>;
  head(key: string): Promise<{ size: number; contentType?: string } | null>;
  /** Lists objects; those in one folder follow each other. Most stores list in the byte order of keys, some folder by folder. */
  list(prefix: string): AsyncIterable<ListedObject>;
  delete(key: string): Promise<void>;
  deletePrefix(prefix: string): Promise<void>;
  /** Gives the object another key, without transferring its bytes through this process. Throws ObjectNotFoundError. */
  move(from: string, to: string): Promise<void>;
  /** A link that works without credentials for this number of seconds. Absent if the store has no server. */
  presignGet?(key: string, seconds: number, answer?: { fileName?: string; contentType?: string }): Promise<string>;
  /** A link to which an object can be sent with PUT, without credentials. Absent if presignGet is. */
  presignPut?(key: string, seconds: number): Promise<string>;
  /** Frees the remains of puts whose process was killed, unless the store does so itself. Returns their number. */
  removeUnfinished?(olderThanMs: number): Promise<number>;
  /** Throws StoreIdentityError if the store does not belong to the database. Absent for stores that do not know their database. */
  assertOwn?(): Promise<void>;
}

/** Thrown when the store cannot be used as configured. The message names the setting and the remedy, and contains no secret. */
export class ObjectStoreUnavailableError extends Error {
  override name = 'ObjectStoreUnavailableError';
}

/** Thrown when an object's bytes are not those that were written. */
export class DamagedObjectError extends Error {
  override name = 'DamagedObjectError';
}

/** Whether something could not be written because the disk is full. Also recognizes errors from other processes by their code. */
export function isStorageFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(String((error as { code?: unknown } | null)?.code));
}

/** Throws ObjectStoreUnavailableError if the store is unavailable, refuses access, or does not belong to the database. */
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

/** Throws for keys that some stores would treat differently: dot segments, and characters with a meaning in file systems or URLs. */
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
