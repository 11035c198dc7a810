// Counts and hashes bytes of streams, and copies objects to local files.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DamagedObjectError, type ObjectBody, type ObjectStore } from './object-store.ts';

export class HashingStream extends Transform {
  #hash = createHash('sha256');
  #byteCount = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, data: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#byteCount += chunk.length;
    done(null, chunk);
  }

  result(): { size: number; sha256: string } {
    return { size: this.#byteCount, sha256: this.#hash.digest('hex') };
  }
}

export function readableOf(body: ObjectBody): Readable {
  if (body instanceof Readable) return body;
  if (body instanceof Uint8Array) return Readable.from([Buffer.from(body.buffer, body.byteOffset, body.byteLength)]);
  return createReadStream(body.file, { highWaterMark: 1 << 20 });
}

/** Writes an object to a file. If its hash is not `sha256`, removes the file and throws DamagedObjectError. */
export async function downloadObject(
  store: ObjectStore,
  key: string,
  file: string,
  sha256?: string,
): Promise<{ size: number; sha256: string }> {
  await mkdir(dirname(file), { recursive: true });
  const { body } = await store.getStream(key);
  const hashing = new HashingStream();
  await pipeline(body, hashing, createWriteStream(file));
  const got = hashing.result();
  if (sha256 === undefined || got.sha256 === sha256) return got;
  await rm(file);
  throw new DamagedObjectError(`${key} is damaged: it has the sha256 ${got.sha256}, and should have ${sha256}`);
}
