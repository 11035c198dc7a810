// Tells errors of an unavailable object store from errors about an object.
import { ObjectStoreUnavailableError } from './object-store.ts';

const CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ESTALE'];
/** Error codes of the AWS SDK and of S3 servers. */
const NAMES = ['TimeoutError', 'NetworkingError', 'SlowDown', 'ServiceUnavailable', 'RequestTimeout', 'ThrottlingException'];

export function isStoreAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ObjectStoreUnavailableError) return true;
  const { code, $metadata } = error as Error & { code?: unknown; $metadata?: { httpStatusCode?: number } };
  if (CODES.includes(String(code)) || NAMES.includes(error.name) || ($metadata?.httpStatusCode ?? 0) >= 500) return true;
  return error.cause !== undefined && isStoreAway(error.cause);
}
