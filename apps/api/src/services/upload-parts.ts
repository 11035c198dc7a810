// Reads the parts of a multipart upload in order, within their limits, and remembers what was sent.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { isStorageFull } from '@styleforge/storage';
import { ApiError } from '../errors/api-error.ts';

/** What an upload consists of, whatever its multipart boundary: the same for a request that is sent again. */
export class UploadFingerprint {
  readonly #hash = createHash('sha256');

  add(...values: string[]): void {
    this.#hash.update(`${JSON.stringify(values)}\n`);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

export async function* readParts(request: FastifyRequest): AsyncGenerator<Multipart> {
  // The parser would wait for ever for a connection that closed before it began.
  if (request.raw.destroyed) throw new ApiError('invalid_request', 'The multipart body cannot be read: the connection was closed.');
  const iterator = request.parts();
  for (let next = await reading(iterator.next()); !next.done; next = await reading(iterator.next())) yield next.value;
}

type Saved = { path: string; limit: number; fingerprint: UploadFingerprint };

/** Writes the file to the disk, and reads it to its end, for the next part comes after it; false when it has more than `limit` bytes. */
export async function saveFilePart(part: MultipartFile, { path, limit, fingerprint }: Saved): Promise<boolean> {
  let size = 0;
  async function* withinLimit(): AsyncGenerator<Buffer> {
    for await (const chunk of fingerprinted(part, fingerprint)) {
      size += chunk.length;
      if (size <= limit) yield chunk;
    }
  }
  await reading(pipeline(Readable.from(withinLimit()), createWriteStream(path, { mode: 0o600 })));
  return size <= limit && !part.file.truncated;
}

/** Reads a whole upload and keeps nothing but its fingerprint. */
export async function fingerprintUpload(request: FastifyRequest): Promise<string> {
  const fingerprint = new UploadFingerprint();
  for await (const part of readParts(request)) {
    if (part.type === 'field') fingerprint.add('field', part.fieldname, String(part.value));
    else for await (const _chunk of fingerprinted(part, fingerprint));
  }
  return fingerprint.digest();
}

async function* fingerprinted(part: MultipartFile, fingerprint: UploadFingerprint): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const iterator = (part.file as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (let next = await reading(iterator.next()); !next.done; next = await reading(iterator.next())) {
    hash.update(next.value);
    yield next.value;
  }
  fingerprint.add('file', part.filename ?? '', part.mimetype, hash.digest('hex'));
}

/** What goes wrong while reading the body is the sender's doing, unless the error says otherwise. */
async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError || isStorageFull(error) || (error as { statusCode?: number }).statusCode !== undefined) throw error;
    throw new ApiError('invalid_request', `The multipart body cannot be read: ${(error as Error).message}.`);
  }
}
