// Checks that a webhook was sent by the service (Standard Webhooks).
import { Webhook } from 'standardwebhooks';
import { WebhookSignatureError } from './errors.ts';

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

type HeaderSource = Headers | Record<string, string | string[] | undefined>;

/**
 * Returns the event if the signature is valid and at most five minutes old. `payload` must be the body as received, because
 * a parsed and serialized one may differ. `secret` is the endpoint's `whsec_...`.
 */
export function unwrapWebhook<Event = Record<string, unknown>>(payload: string | Uint8Array, headers: HeaderSource, secret: string): Event {
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array))
    throw new TypeError('The payload must be the body as received, a string or bytes: a parsed body cannot be checked.');
  const text = typeof payload === 'string' ? payload : new TextDecoder().decode(payload);
  try {
    return new Webhook(keyOf(secret)).verify(text, Object.fromEntries(HEADERS.map((name) => [name, readHeader(headers, name)]))) as Event;
  } catch (cause) {
    throw new WebhookSignatureError((cause as Error).message, { cause });
  }
}

/** The secret without blanks and line ends around it, which files of variables leave. */
function keyOf(secret: string | undefined): string {
  const key = secret?.trim() ?? '';
  if (/^(whsec_)?[A-Za-z0-9+/]+={0,2}$/.test(key)) return key;
  throw new TypeError("The secret is not a webhook's: it is whsec_ followed by Base64, as POST /v1/webhooks returned it.");
}

/** Reads a header from Node's plain objects or from fetch's Headers. */
function readHeader(headers: HeaderSource, name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? '';
  const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return (Array.isArray(value) ? value.join(' ') : value) ?? '';
}
