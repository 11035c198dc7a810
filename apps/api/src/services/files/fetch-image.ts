// Fetches a file from a caller's URL: only from public addresses, checked at every connection, within limits of time and size.
import { createWriteStream } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { type AddressPolicy, checkedLookup, refuseForbiddenLiteral } from '@styleforge/config';
import { UPLOAD_LIMITS, VERSION } from '@styleforge/contracts';
import type { RefusalCode } from '@styleforge/contracts';
import { isStorageFull } from '@styleforge/storage';

const MOST_REDIRECTS = 3;
const MEGABYTE = 1024 ** 2;
type Fault = { code: RefusalCode; detail: string };

class FetchRefusal extends Error {
  override name = 'FetchRefusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Writes the file to `path`. Returns why that was not possible, or null. The reason does not reveal what exists inside the network. */
export async function fetchImage(url: string, path: string, mayReach: AddressPolicy): Promise<Fault | null> {
  const { urlSeconds } = UPLOAD_LIMITS;
  const signal = AbortSignal.timeout(urlSeconds * 1000);
  try {
    await save(await follow(new URL(url), mayReach, signal), path);
    return null;
  } catch (error) {
    if (isStorageFull(error)) throw error;
    if (error instanceof FetchRefusal) return { code: error.code, detail: error.message };
    const detail = signal.aborted ? `did not arrive within ${urlSeconds} seconds` : 'cannot be reached';
    return { code: 'not_reachable', detail };
  }
}

async function follow(first: URL, mayReach: AddressPolicy, signal: AbortSignal): Promise<IncomingMessage> {
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const response = await get(url, mayReach, signal);
    const { statusCode: status = 0, headers } = response;
    if (status === 200) return response;
    response.destroy();
    const isRedirect = [301, 302, 303, 307, 308].includes(status) && headers.location !== undefined;
    if (!isRedirect) throw new FetchRefusal('not_reachable', `responded with status ${status} instead of an image`);
    if (redirects === MOST_REDIRECTS) throw new FetchRefusal('not_reachable', `redirects more than ${MOST_REDIRECTS} times`);
    url = new URL(headers.location ?? '', url);
    if (!/^https?:$/.test(url.protocol)) throw new FetchRefusal('not_reachable', 'redirects to something other than http and https');
  }
}

function get(url: URL, mayReach: AddressPolicy, signal: AbortSignal): Promise<IncomingMessage> {
  refuseForbiddenLiteral(url, mayReach);
  return new Promise((done, fail) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      headers: { accept: 'image/png, image/jpeg, image/webp', 'user-agent': `StyleForge/${VERSION}` },
      // Uses a new connection, because a pooled one would skip the check.
      agent: false,
      lookup: checkedLookup(mayReach),
      signal,
    });
    request.once('response', done);
    request.once('error', fail);
    request.end();
  });
}

async function save(response: IncomingMessage, path: string): Promise<void> {
  const { fileBytes: limit } = UPLOAD_LIMITS;
  const tooLarge = () => new FetchRefusal('too_many_bytes', `is larger than ${limit / MEGABYTE} MB`);
  if (Number(response.headers['content-length'] ?? 0) > limit) {
    response.destroy();
    throw tooLarge();
  }
  let size = 0;
  async function* withinLimit(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      yield chunk;
    }
  }
  await pipeline(response, withinLimit, createWriteStream(path, { mode: 0o600 }));
}
