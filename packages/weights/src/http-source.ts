// The bytes of a web address from any place on, for downloads.
import { DownloadError, DownloadRefusedError, fetchInto, type FetchIntoOptions, type ReceivedBytes } from './download.ts';

export interface RequestOptions {
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal | undefined;
  /** What to do where the server wants credentials. */
  readonly remedy?: string;
}

export interface FetchedFile {
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Asking again may help. */
const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Throws DownloadError where the server cannot be reached or is busy, DownloadRefusedError for its other refusals; 416 is passed on. */
export async function requestUrl(url: string, { headers = {}, signal, remedy }: RequestOptions): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers, ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw new DownloadError(`${url} cannot be reached`, { cause: error });
  }
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  const hint = remedy && (response.status === 401 || response.status === 403) ? `: ${remedy}` : '';
  const message = `${url} answered ${response.status} ${response.statusText}${hint}`;
  throw isPassing(response.status) ? new DownloadError(message) : new DownloadRefusedError(message);
}

function startOf(response: Response): number {
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? [];
  return response.status === 206 ? Number(start ?? NaN) : 0;
}

/** A server that knows no ranges begins at 0. */
export async function openUrl(url: string, start: number, { headers = {}, ...options }: RequestOptions = {}): Promise<ReceivedBytes> {
  const asked = { ...headers, 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) };
  const response = await requestUrl(url, { ...options, headers: asked });
  // what is here already is as long as the file, or longer
  if (response.status === 416)
    return {
      body: (async function* () {
        /* nothing is missing */
      })(),
      start,
    };
  if (!response.body) throw new DownloadError(`${url} answered without a body`);
  const [begin, length] = [startOf(response), response.headers.get('content-length')];
  return { body: response.body, start: begin, ...(length !== null && { totalBytes: begin + Number(length) }) };
}

/** Afterwards the file lies at `target`; nothing is fetched where it does already. Returns its SHA-256. */
export function downloadFile(
  { url, sha256 }: FetchedFile,
  target: string,
  options: Omit<FetchIntoOptions, 'sha256'> = {},
): Promise<string> {
  return fetchInto(target, (start, signal) => openUrl(url, start, { signal }), { ...options, sha256 });
}
