// Differences between S3-compatible servers and AWS: some lack checksum headers, require Content-MD5 for deletions, ignore ranges, or
// cannot delete several objects at once.
import { createHash } from 'node:crypto';
import { S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import type { ByteRange } from './object-store.ts';

type SentRequest = { method: string; query: Record<string, unknown>; headers: Record<string, string>; body?: unknown };

type HandlerArguments = { request: SentRequest };
type Handler = (args: HandlerArguments) => Promise<unknown>;
type Middleware = Parameters<S3Client['middlewareStack']['addRelativeTo']>[0];

const CHECKSUM_HEADER = /^x-amz-(checksum-|sdk-checksum-algorithm$|trailer$)/i;
/** Responses for unsupported headers or operations. */
const UNKNOWN = ['NotImplemented', 'MethodNotAllowed', 'XNotImplemented'];

export function isNotImplemented(error: unknown): boolean {
  if (!(error instanceof S3ServiceException)) return false;
  return UNKNOWN.includes(error.name) || [405, 501].includes(error.$metadata.httpStatusCode ?? 0);
}

/** Whether the server refuses a header of checksums. Backblaze B2 names it in the message of a general error. */
const refusesChecksums = (error: unknown): boolean =>
  isNotImplemented(error) ||
  (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 400 && /x-amz-(checksum|sdk-checksum)/i.test(error.message));

/**
 * Repeats requests without checksum headers if the server refuses them, and omits the headers afterwards. Deletions include Content-MD5.
 */
export function tolerateQuirks(client: S3Client): S3Client {
  let knowsChecksums = true;
  const middleware = (next: Handler) => async (args: HandlerArguments) => {
    const { request } = args;
    addContentMd5(request);
    if (!knowsChecksums) removeChecksums(request);
    try {
      return await next(args);
    } catch (error) {
      if (!refusesChecksums(error) || !removeChecksums(request)) throw error;
      const result = await next(args);
      knowsChecksums = false;
      return result;
    }
  };
  // The signature is computed after the retries, and must cover the headers as they are sent.
  client.middlewareStack.addRelativeTo(middleware as unknown as Middleware, {
    name: 'tolerateQuirks',
    relation: 'before',
    toMiddleware: 'retryMiddleware',
  });
  return client;
}

function addContentMd5({ method, query, headers, body }: SentRequest): void {
  if (method !== 'POST' || !('delete' in query) || !(typeof body === 'string' || body instanceof Uint8Array)) return;
  headers['content-md5'] = createHash('md5').update(body).digest('base64');
}

/** Removes checksum headers; returns whether there were any. Bodies that end in a checksum are not changed: this program sends none. */
function removeChecksums({ headers }: SentRequest): boolean {
  const names = Object.keys(headers).filter((name) => CHECKSUM_HEADER.test(name));
  for (const name of names) delete headers[name];
  return names.length > 0;
}

/** The bytes of a range, cut from the whole object. */
export async function* bytesWithin(whole: AsyncIterable<Buffer>, { start, end = Infinity }: ByteRange): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const chunk of whole) {
    const piece = chunk.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at));
    at += chunk.length;
    if (piece.length > 0) yield piece;
    if (at > end) return;
  }
}
