// One POST to an address that a caller has named: checked when the connection is made, without redirects, with an end to everything.
import { lookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type AddressPolicy, literalAddress } from '@styleforge/config';

export class ForbiddenAddressError extends Error {
  override name = 'ForbiddenAddressError';
}

/** The receiver has not answered in time. */
export class AnswerTimeoutError extends Error {
  override name = 'AnswerTimeoutError';
}

export interface PostOptions {
  headers: Record<string, string>;
  body: string;
  mayReach: AddressPolicy;
  /** For everything, from the name's resolution to the end of the answer. */
  timeoutMs: number;
}

/** More of an answer is not read. */
const answerLimit = 16 << 10;

/** The status of the answer; a redirect is an answer like any other. */
export async function post(url: URL, { headers, body, mayReach, timeoutMs }: PostOptions): Promise<number> {
  const literal = literalAddress(url);
  if (literal !== undefined && !mayReach(literal)) throw forbidden(url.hostname, literal);
  const signal = AbortSignal.timeout(timeoutMs);
  const bytes = Buffer.from(body);
  const answer = await new Promise<IncomingMessage>((done, fail) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': bytes.length },
      // A connection of its own: a pooled one would skip the check.
      agent: false,
      lookup: checkedLookup(mayReach),
      signal,
    });
    request.once('response', done);
    request.once('error', (error) =>
      fail(signal.aborted ? new AnswerTimeoutError(`no answer within ${timeoutMs / 1_000} seconds`) : error),
    );
    request.end(bytes);
  });
  await skim(answer);
  return answer.statusCode ?? 0;
}

/** Resolves a name and refuses it when one of its addresses is forbidden: the connection goes to what was checked. */
function checkedLookup(mayReach: AddressPolicy): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const bad = error ? undefined : addresses.find(({ address }) => !mayReach(address));
      const [first] = addresses ?? [];
      if (error || bad || !first) done(error ?? forbidden(hostname, bad?.address ?? 'none'), '', 0);
      else if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

/** Lets the other side finish a short answer. The status is known already, so what breaks now does not matter. */
async function skim(answer: IncomingMessage): Promise<void> {
  let read = 0;
  answer.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > answerLimit) answer.destroy();
  });
  await new Promise<void>((done) => {
    answer.once('close', done);
    answer.once('error', () => done());
  });
}

const forbidden = (host: string, address: string) =>
  new ForbiddenAddressError(`${host} is at ${address}, an address that webhooks may not reach; WEBHOOK_ALLOWED_NETWORKS allows networks`);
