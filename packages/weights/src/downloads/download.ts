// Downloads a file once into a directory, from any sender: resumes where it stopped, checks the content, and allows several processes at
// once.
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { sha256OfFile } from '../files/file-hash.ts';

export interface TransferProgress {
  readonly file: string;
  readonly receivedBytes: number;
  /** Absent if the sender does not say. */
  readonly totalBytes?: number;
}

/** Response to a request for all bytes from an offset. `start` is 0 if the sender cannot resume. */
export interface ReceivedBytes {
  readonly body: AsyncIterable<Uint8Array>;
  readonly start: number;
  readonly totalBytes?: number;
}

/** Sends the bytes from a position on. */
export type Sender = (start: number, signal: AbortSignal | undefined) => Promise<ReceivedBytes>;

/** Size and hashes that a file must have. Without a hash, an existing file is not trusted and is downloaded again. */
export interface FileChecks {
  /** Hexadecimal. */
  readonly sha256?: string;
  /** Git's hash of a blob, which includes the length. Only for small files, which are read completely. */
  readonly gitSha1?: string;
  /** Bytes. */
  readonly size?: number;
}

export interface FetchIntoOptions extends FileChecks {
  readonly onProgress?: (progress: TransferProgress) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds before the second try, doubled before each later one. Starts again after a try that received data. */
  readonly backoffMs?: number;
}

/** Thrown if the sender cannot be reached, or repeatedly breaks the connection. */
export class DownloadError extends Error {
  override name = 'DownloadError';
}

/** Thrown if the sender refuses, so that another try cannot help. */
export class DownloadRefusedError extends DownloadError {
  override name = 'DownloadRefusedError';
}

/** Thrown if the content does not match the pinned hash. The file was deleted. */
export class ChecksumError extends Error {
  override name = 'ChecksumError';
}

/** Maximum number of failures in a row without new data. */
const mostTries = 5;
const lockOptions = { realpath: false, stale: 30_000, update: 5_000, retries: { forever: true, minTimeout: 200, maxTimeout: 1_000 } };

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

const isPinned = ({ sha256, gitSha1 }: FileChecks): boolean => sha256 !== undefined || gitSha1 !== undefined;

/** Checks a file and returns its SHA-256. Throws ChecksumError if size or hash differ. */
async function check(file: string, name: string, { size, sha256, gitSha1 }: FileChecks): Promise<string> {
  const wrong = (what: string, found: string | number, wanted: string | number) =>
    new ChecksumError(
      `${name} has the ${what} ${found}, not ${wanted}; it was thrown away: compare what is pinned with what the publisher says`,
    );
  const actual = await sizeOf(file);
  if (size !== undefined && actual !== size) throw wrong('size', actual, size);
  const hash = await sha256OfFile(file);
  if (sha256 !== undefined && hash !== sha256.toLowerCase()) throw wrong('sha256', hash, sha256);
  if (gitSha1 !== undefined) {
    const blob = createHash('sha1')
      .update(`blob ${actual}\0`)
      .update(await readFile(file))
      .digest('hex');
    if (blob !== gitSha1.toLowerCase()) throw wrong('git hash', blob, gitSha1);
  }
  return hash;
}

/** The SHA-256 of a file that already exists and passes the checks; otherwise undefined. */
async function present(target: string, options: FetchIntoOptions): Promise<string | undefined> {
  if (!isPinned(options) || (await sizeOf(target)) === 0) return undefined;
  try {
    return await check(target, basename(target), options);
  } catch (error) {
    if (error instanceof ChecksumError) return undefined;
    throw error;
  }
}

async function append(
  part: string,
  { body, start, totalBytes }: ReceivedBytes,
  name: string,
  { onProgress, signal, size }: FetchIntoOptions,
): Promise<void> {
  const handle = await open(part, start > 0 ? 'r+' : 'w');
  const total = totalBytes ?? size;
  try {
    let position = start;
    for await (const chunk of body) {
      signal?.throwIfAborted();
      await handle.write(chunk, 0, chunk.length, position);
      position += chunk.length;
      onProgress?.({ file: name, receivedBytes: position, ...(total !== undefined && { totalBytes: total }) });
    }
    if (total !== undefined && position < total) throw new DownloadError(`${name} broke off after ${position} of ${total} bytes`);
  } finally {
    await handle.close();
  }
}

async function receive(part: string, send: Sender, name: string, options: FetchIntoOptions): Promise<void> {
  const { signal, size, backoffMs = 1_000 } = options;
  for (let failures = 0; ; ) {
    const before = await sizeOf(part);
    if (size !== undefined && before === size && size > 0) return;
    try {
      const received = await send(before, signal);
      if (received.start !== 0 && received.start !== before)
        throw new DownloadRefusedError(`the sender of ${name} began at byte ${received.start}, ${before} was asked for`);
      await append(part, received, name, options);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DownloadRefusedError) throw error;
      failures = (await sizeOf(part)) > before ? 1 : failures + 1;
      if (failures >= mostTries) throw error;
      await sleep(backoffMs * 2 ** (failures - 1), undefined, { signal });
    }
  }
}

/**
 * Downloads a file to `target`, which appears complete and checked or not at all. Data received before a break is kept in `target.part`.
 * Returns the SHA-256.
 */
export async function fetchInto(target: string, send: Sender, options: FetchIntoOptions = {}): Promise<string> {
  const [part, name] = [`${target}.part`, basename(target)];
  await mkdir(dirname(target), { recursive: true });
  let lost: Error | undefined;
  const release = await lockfile.lock(target, { ...lockOptions, onCompromised: (error) => (lost = error) });
  try {
    const there = await present(target, options);
    if (there !== undefined) return there;
    if (!isPinned(options)) await rm(part, { force: true });
    await receive(part, send, name, options);
    const sha256 = await check(part, name, options).catch(async (error: unknown) => {
      if (error instanceof ChecksumError) await rm(part, { force: true });
      throw error;
    });
    if (lost) throw new DownloadError(`another process took over ${name} meanwhile; try again`, { cause: lost });
    // No fsync: if a power cut damages the file, its hash is wrong and it is downloaded again
    await rename(part, target);
    return sha256;
  } finally {
    if (!lost) await release();
  }
}
