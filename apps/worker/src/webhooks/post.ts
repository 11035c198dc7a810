// Sends one POST to a caller's address: checks the address at the connection, follows no redirects, and limits time and size.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressPolicy, checkedLookup, ForbiddenAddressError, refuseForbiddenLiteral } from '@styleforge/config';
import { isWebhookPort } from '@styleforge/contracts';
import type { DeliveryResponse } from '@styleforge/database';

/** The receiver has not responded in time. */
export class AnswerTimeoutError extends Error {
  override name = 'AnswerTimeoutError';
}

export interface PostOptions {
  headers: Record<string, string>;
  body: string;
  mayReach: AddressPolicy;
  /** Limit for everything, from the name's resolution to the end of the response. */
  timeoutMs: number;
}

/** Bytes of a response that are read at most. */
const answerLimit = 16 << 10;
/** Bytes of a response that the log of deliveries shows. */
const shownBytes = 1024;

/** The status of the response and the beginning of its body; a redirect is a response like any other. */
export async function post(url: URL, { headers, body, mayReach, timeoutMs }: PostOptions): Promise<DeliveryResponse> {
  refuseForbiddenLiteral(url, mayReach);
  if (!isWebhookPort(url))
    throw new ForbiddenAddressError(`${url.host} names a port that webhooks may not reach: 80, 443 and those above 1023 are allowed`);
  const signal = AbortSignal.timeout(timeoutMs);
  const bytes = Buffer.from(body);
  const answer = await new Promise<IncomingMessage>((done, fail) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': bytes.length },
      // Uses a new connection, because a pooled one would skip the check.
      agent: false,
      lookup: checkedLookup(mayReach),
      signal,
    });
    request.once('response', done);
    request.once('error', (error) =>
      fail(signal.aborted ? new AnswerTimeoutError(`no response within ${timeoutMs / 1_000} seconds`) : error),
    );
    request.end(bytes);
  });
  return { status: answer.statusCode ?? 0, body: await skim(answer) };
}

/** Reads a short response to its end and returns its beginning. Errors are ignored, because the status is already known. */
async function skim(answer: IncomingMessage): Promise<string> {
  let read = 0;
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => {
    if (read < shownBytes) chunks.push(chunk);
    read += chunk.length;
    if (read > answerLimit) answer.destroy();
  });
  await new Promise<void>((done) => {
    answer.once('close', done);
    answer.once('error', () => done());
  });
  return textOf(Buffer.concat(chunks).subarray(0, shownBytes));
}

/** Makes text that the database can store. Omits a character that is cut at the end. */
const textOf = (bytes: Buffer): string => new TextDecoder().decode(bytes, { stream: true }).replaceAll('\0', '');
