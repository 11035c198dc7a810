// Reads the parts of a multipart upload in order, within limits and at a minimum speed, and computes a fingerprint of the content.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import { isStorageFull } from '@styleforge/storage';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../../errors/api-error.ts';

/** Minimum speed of an upload. Only the time in which the service waits for the sender counts. */
export interface UploadPace {
  /** Milliseconds without a byte, after which the upload ends. */
  silenceMs: number;
  bytesPerSecond: number;
}
export const USUAL_PACE: UploadPace = { silenceMs: 10_000, bytesPerSecond: 4_096 };

export class UploadBody {
  readonly #request: FastifyRequest;
  readonly #pace: UploadPace;
  /** Largest size of a file in bytes. Default: the limit of all uploads. */
  readonly #fileBytes: number | undefined;
  readonly #hash = createHash('sha256');
  #waitedMs = 0;
  #received = 0;

  constructor(request: FastifyRequest, pace: UploadPace = USUAL_PACE, fileBytes?: number) {
    this.#request = request;
    this.#pace = pace;
    this.#fileBytes = fileBytes;
  }

  async *parts(): AsyncGenerator<Multipart> {
    // The parser would never finish for a connection that closed before it began.
    if (this.#request.raw.destroyed) throw new ApiError('invalid_request', 'The multipart body cannot be read: the connection was closed.');
    const iterator = this.#request.parts(this.#fileBytes === undefined ? {} : { limits: { fileSize: this.#fileBytes } });
    for (let next = await this.#reading(iterator.next()); !next.done; next = await this.#reading(iterator.next())) {
      if (next.value.type === 'field') this.#remember('field', next.value.fieldname, String(next.value.value));
      yield next.value;
    }
  }

  /** Writes the file to the disk; false if it has more than `limit` bytes. Always reads it to its end, because the next part follows it. */
  async save(part: MultipartFile, { path, limit }: { path: string; limit: number }): Promise<boolean> {
    let size = 0;
    const chunks = this.#chunks(part);
    async function* withinLimit(): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size <= limit) yield chunk;
      }
    }
    await pipeline(Readable.from(withinLimit()), createWriteStream(path, { mode: 0o600 }));
    return size <= limit && !part.file.truncated;
  }

  /** Fingerprint of the upload without its multipart boundary, which is equal for a repeated request. */
  fingerprint(): string {
    return this.#hash.digest('hex');
  }

  /** Reads a whole upload and keeps only its fingerprint. */
  async skim(): Promise<string> {
    for await (const part of this.parts()) if (part.type === 'file') for await (const _chunk of this.#chunks(part));
    return this.fingerprint();
  }

  async *#chunks(part: MultipartFile): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    const iterator = (part.file as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    for (let next = await this.#reading(iterator.next()); !next.done; next = await this.#reading(iterator.next())) {
      hash.update(next.value);
      this.#received += next.value.length;
      yield next.value;
    }
    this.#remember('file', part.filename ?? '', part.mimetype, hash.digest('hex'));
  }

  #remember(...values: string[]): void {
    this.#hash.update(`${JSON.stringify(values)}\n`);
  }

  /** Converts an error while reading the body. The sender is assumed to be the cause, unless the error says otherwise. */
  async #reading<T>(work: Promise<T>): Promise<T> {
    const { silenceMs, bytesPerSecond } = this.#pace;
    const allowedMs = silenceMs + (this.#received / bytesPerSecond) * 1000 - this.#waitedMs;
    const start = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const tooSlow = new Promise<never>((_resolve, reject) => {
      const refuse = () =>
        reject(new ApiError('request_timeout', `The upload stopped, or arrived more slowly than ${bytesPerSecond} bytes a second.`));
      timer = setTimeout(refuse, Math.max(0, Math.min(silenceMs, allowedMs)));
    });
    try {
      return await Promise.race([work, tooSlow]);
    } catch (error) {
      if (error instanceof ApiError || isStorageFull(error) || (error as { statusCode?: number }).statusCode !== undefined) throw error;
      throw new ApiError('invalid_request', `The multipart body cannot be read: ${(error as Error).message}.`);
    } finally {
      clearTimeout(timer);
      this.#waitedMs += performance.now() - start;
    }
  }
}
