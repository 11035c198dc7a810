// The bytes of a URL from any position on, for downloads.
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { DownloadError, DownloadRefusedError, fetchInto, type FetchIntoOptions, type ReceivedBytes } from './download.ts';
import { splitCredentials, withoutSecrets } from './web-address.ts';

export interface RequestOptions {
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal | undefined;
  /** What to do if the server requires credentials. */
  readonly remedy?: string;
}

export interface FetchedFile {
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Whether another try may succeed. */
const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Maximum time in milliseconds from the request to the first bytes of the response. */
const REACH_MS = 30_000;

let known: EnvHttpProxyAgent | undefined;

/** An agent that uses the proxy in HTTP_PROXY, HTTPS_PROXY and NO_PROXY, if any. */
function dispatcher(): EnvHttpProxyAgent {
  try {
    known ??= new EnvHttpProxyAgent({ proxyTunnel: false });
    return known;
  } catch (cause) {
    throw new DownloadRefusedError(
      'HTTP_PROXY or HTTPS_PROXY is not a URL; write it with its scheme, such as http://proxy.example.com:3128',
      {
        cause,
      },
    );
  }
}

/** The innermost cause of a failed request, such as `connect ECONNREFUSED 10.0.0.1:3128`. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  // A host name with several addresses gives an error for each of them, inside one without a message.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join(', ');
  return cause instanceof Error ? reasonOf(cause) : message;
}

/**
 * Sends a GET request. Throws DownloadError if the server cannot be reached or is busy, and DownloadRefusedError for its other errors,
 * except 416, which is returned.
 */
export async function requestUrl(url: string, { headers = {}, signal, remedy }: RequestOptions): Promise<Response> {
  const shown = withoutSecrets(url);
  const { url: bare, headers: credentials } = splitCredentials(url);
  const agent = dispatcher();
  let response: Response;
  // undici retries without end if a proxy closes every connection
  const reach = new AbortController();
  const timer = setTimeout(() => reach.abort(new Error(`no response within ${REACH_MS / 1000} seconds`)), REACH_MS);
  try {
    const signals = AbortSignal.any([reach.signal, ...(signal ? [signal] : [])]);
    response = await fetch(bare, { dispatcher: agent, headers: { ...credentials, ...headers }, signal: signals });
  } catch (error) {
    signal?.throwIfAborted();
    throw new DownloadError(
      `${shown} cannot be reached (${reasonOf(error)}); where there is a proxy, HTTP_PROXY, HTTPS_PROXY and NO_PROXY name it`,
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(timer);
  }
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  const hint = remedy && (response.status === 401 || response.status === 403) ? `: ${remedy}` : '';
  const message = `${shown} responded with ${[response.status, response.statusText].filter(Boolean).join(' ')}${hint}`;
  throw isPassing(response.status) ? new DownloadError(message) : new DownloadRefusedError(message);
}

function startOf(response: Response): number {
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? [];
  return response.status === 206 ? Number(start ?? NaN) : 0;
}

/** Opens the bytes from `start` on. A server without support for ranges begins at 0. */
export async function openUrl(url: string, start: number, { headers = {}, ...options }: RequestOptions = {}): Promise<ReceivedBytes> {
  const asked = { ...headers, 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) };
  const response = await requestUrl(url, { ...options, headers: asked });
  // The file is not longer than what is already here
  if (response.status === 416)
    return {
      body: (async function* () {
        /* nothing is missing */
      })(),
      start,
    };
  if (!response.body) throw new DownloadError(`${withoutSecrets(url)} responded without a body`);
  const [begin, length] = [startOf(response), response.headers.get('content-length')];
  return { body: response.body, start: begin, ...(length !== null && { totalBytes: begin + Number(length) }) };
}

/** Downloads a URL to `target`, unless the file already exists. Returns its SHA-256. */
export function downloadFile(
  { url, sha256 }: FetchedFile,
  target: string,
  options: Omit<FetchIntoOptions, 'sha256'> = {},
): Promise<string> {
  return fetchInto(target, (start, signal) => openUrl(url, start, { signal }), { ...options, sha256 });
}
