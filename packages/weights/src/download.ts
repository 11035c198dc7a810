// Fetches a file once into a directory: resumed where it stopped, checked by its sha256, safe for several processes at once.
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { sha256OfFile } from './file-hash.ts';

export interface FetchedFile {
  readonly url: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface TransferProgress {
  readonly file: string;
  readonly receivedBytes: number;
  /** Absent where the sender does not say. */
  readonly totalBytes?: number;
}

/** What a sender gives when asked for everything from some byte on; `start` is 0 where it cannot resume. */
export interface ReceivedBytes {
  readonly body: AsyncIterable<Uint8Array>;
  readonly start: number;
  readonly totalBytes?: number;
}

export interface FetchIntoOptions {
  /** Without it what lies there already is not trusted, and fetched again. */
  readonly sha256?: string;
  readonly onProgress?: (progress: TransferProgress) => void;
  readonly signal?: AbortSignal;
}

/** The sender is not there, refuses, or breaks off again and again. */
export class DownloadError extends Error {
  override name = 'DownloadError';
}

/** What came is not what was pinned; it was thrown away. */
export class ChecksumError extends Error {
  override name = 'ChecksumError';
}

const mostBreaks = 5;
const lockOptions = { realpath: false, stale: 30_000, update: 5_000, retries: { forever: true, minTimeout: 200, maxTimeout: 1_000 } };

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

async function append(part: string, { body, start, totalBytes }: ReceivedBytes, name: string, { onProgress, signal }: FetchIntoOptions): Promise<void> {
  const handle = await open(part, start > 0 ? 'r+' : 'w');
  try {
    let position = start;
    for await (const chunk of body) {
      signal?.throwIfAborted();
      await handle.write(chunk, 0, chunk.length, position);
      position += chunk.length;
      onProgress?.({ file: name, receivedBytes: position, ...(totalBytes !== undefined && { totalBytes }) });
    }
    if (totalBytes !== undefined && position < totalBytes) throw new DownloadError(`${name} broke off after ${position} of ${totalBytes} bytes`);
  } finally {
    await handle.close();
  }
}

/** Goes on after a break for as long as each try brings more. */
async function receive(part: string, send: (start: number) => Promise<ReceivedBytes>, name: string, options: FetchIntoOptions): Promise<void> {
  for (let breaks = 0; ; breaks++) {
    const before = await sizeOf(part);
    try {
      await append(part, await send(before), name, options);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (breaks >= mostBreaks || (await sizeOf(part)) <= before) throw error;
      await sleep(200 * 2 ** breaks, undefined, { signal: options.signal });
    }
  }
}

/** `send` gives the bytes from a position on. The file appears whole and checked, or not at all; what came before a break is kept. */
export async function fetchInto(target: string, send: (start: number) => Promise<ReceivedBytes>, options: FetchIntoOptions = {}): Promise<void> {
  const [part, name] = [`${target}.part`, basename(target)];
  await mkdir(dirname(target), { recursive: true });
  let lost: Error | undefined;
  const release = await lockfile.lock(target, { ...lockOptions, onCompromised: (error) => (lost = error) });
  try {
    if (options.sha256 !== undefined && (await sizeOf(target)) > 0 && (await sha256OfFile(target)) === options.sha256) return;
    if (options.sha256 === undefined) await rm(part, { force: true });
    await receive(part, send, name, options);
    const found = await sha256OfFile(part);
    if (options.sha256 !== undefined && found !== options.sha256) {
      await rm(part, { force: true });
      throw new ChecksumError(`${name} has the sha256 ${found}, not ${options.sha256}; it was thrown away: compare the pinned sha256 with the publisher's`);
    }
    if (lost) throw new DownloadError(`another process took over ${name} meanwhile; try again`, { cause: lost });
    // no fsync: what a power cut tears does not have its sha256, and is fetched again
    await rename(part, target);
  } finally {
    if (!lost) await release();
  }
}

function startOf(response: Response): number {
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? [];
  return response.status === 206 ? Number(start ?? NaN) : 0;
}

async function requestFrom(url: string, start: number, signal?: AbortSignal): Promise<ReceivedBytes> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) }, ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw new DownloadError(`${url} cannot be reached`, { cause: error });
  }
  // what is here already is as long as the file, or longer
  if (response.status === 416) return { body: (async function* () { /* nothing is missing */ })(), start };
  if (!response.ok || !response.body) throw new DownloadError(`${url} answered ${response.status} ${response.statusText}`);
  const begin = startOf(response);
  if (begin !== 0 && begin !== start) throw new DownloadError(`${url} answered with another range than was asked for`);
  const length = response.headers.get('content-length');
  return { body: response.body, start: begin, ...(length !== null && { totalBytes: begin + Number(length) }) };
}

/** Afterwards the file lies at `target`; nothing is fetched where it does already. */
export async function downloadFile({ url, sha256 }: FetchedFile, target: string, options: Omit<FetchIntoOptions, 'sha256'> = {}): Promise<void> {
  await fetchInto(target, (start) => requestFrom(url, start, options.signal), { ...options, sha256: sha256.toLowerCase() });
}
