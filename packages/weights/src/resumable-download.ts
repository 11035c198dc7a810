// Downloads of model files from any sender: they go on where they stopped, are checked, and appear whole or not at all.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { syncDirectory } from './atomic-file.ts';
import { ChecksumError } from './download.ts';

export interface ByteStream {
  /** Where the bytes begin: the start that was asked for, or 0 where the sender cannot begin in the middle. */
  readonly start: number;
  /** Of the whole file, where the sender says. */
  readonly total?: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** `sha256` of the bytes, or `gitSha1` as git names a blob, which also hashes its length. */
export interface Checksums {
  readonly sha256?: string;
  readonly gitSha1?: string;
}

export interface DownloadOptions extends Checksums {
  /** Opens the file's bytes from `start` on. */
  readonly open: (start: number, signal: AbortSignal | undefined) => Promise<ByteStream>;
  readonly size?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { received: number; total: number | undefined }) => void;
  /** Tries in a row without a further byte. */
  readonly attempts?: number;
  /** Before the second try; doubled before each further one. */
  readonly backoffMs?: number;
}

/** The sender refuses; asking again cannot help. */
export class DownloadRefusedError extends Error {
  override name = 'DownloadRefusedError';
}

const sizeOf = (path: string): Promise<number> => stat(path).then(({ size }) => size, (error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return 0;
  throw error;
});

async function hashInto(path: string, hashes: readonly Hash[]): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) for (const hash of hashes) hash.update(chunk as Buffer);
}

/** Throws ChecksumError where size or hash differ; returns the SHA-256. */
async function verify(path: string, name: string, { size, sha256, gitSha1 }: Checksums & { size?: number | undefined }): Promise<string> {
  const actual = await sizeOf(path);
  if (size !== undefined && actual !== size) throw new ChecksumError(`${name} has ${actual} bytes, ${size} were promised`);
  const hashes = { sha256: createHash('sha256'), git: createHash('sha1').update(`blob ${actual}\0`) };
  await hashInto(path, Object.values(hashes));
  const found = { sha256: hashes.sha256.digest('hex'), git: hashes.git.digest('hex') };
  if (sha256 !== undefined && found.sha256 !== sha256.toLowerCase()) throw new ChecksumError(`${name} has the sha256 ${found.sha256}, ${sha256} was asked for`);
  if (gitSha1 !== undefined && found.git !== gitSha1) throw new ChecksumError(`${name} has the git hash ${found.git}, ${gitSha1} was promised`);
  return found.sha256;
}

/** Appends what one connection gives; returns the whole file's size where the sender says. */
async function receive(partial: string, options: DownloadOptions): Promise<number | undefined> {
  const have = await sizeOf(partial);
  const { start, total, body } = await options.open(have, options.signal);
  if (start !== 0 && start !== have) throw new Error(`the sender began at byte ${start}, ${have} was asked for`);
  const file = await open(partial, start === 0 ? 'w' : 'a');
  try {
    let received = start;
    for await (const chunk of body) {
      options.signal?.throwIfAborted();
      await file.writeFile(chunk);
      received += chunk.length;
      options.onProgress?.({ received, total });
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return total;
}

async function receiveAll(partial: string, options: DownloadOptions): Promise<void> {
  const { attempts = 5, backoffMs = 1_000, signal } = options;
  if (options.size !== undefined && options.size > 0 && (await sizeOf(partial)) === options.size) return;
  for (let failures = 0; ;) {
    const before = await sizeOf(partial);
    try {
      const told = await receive(partial, options);
      const total = options.size ?? told;
      if (total === undefined || (await sizeOf(partial)) >= total) return;
      throw new Error('the connection ended before the file');
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DownloadRefusedError) throw error;
      failures = (await sizeOf(partial)) > before ? 1 : failures + 1;
      if (failures >= attempts) throw error;
      await sleep(backoffMs * 2 ** (failures - 1), undefined, signal && { signal });
    }
  }
}

/**
 * Fetches a file to `path` through `path.partial`, which a later call goes on with. A file that is there already is checked and kept.
 * Returns the file's SHA-256. Throws ChecksumError for other bytes than those promised, in which case nothing is kept.
 */
export async function downloadChecked(path: string, options: DownloadOptions): Promise<string> {
  const partial = `${path}.partial`;
  if ((await sizeOf(path)) > 0) {
    const kept = await verify(path, path, options).catch((error: unknown) => {
      if (error instanceof ChecksumError) return undefined;
      throw error;
    });
    if (kept !== undefined) return kept;
  }
  await mkdir(dirname(path), { recursive: true });
  await receiveAll(partial, options);
  try {
    const sha256 = await verify(partial, path, options);
    await rename(partial, path);
    await syncDirectory(dirname(path));
    return sha256;
  } catch (error) {
    if (error instanceof ChecksumError) await rm(partial, { force: true });
    throw error;
  }
}
