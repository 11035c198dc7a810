// Sends one request: key, idempotency, time limit, repetitions, and errors as exceptions.
import type { BrowserSession } from './browser-session.ts';
import { APIConnectionError, APIConnectionTimeoutError, APIUserAbortError, StyleForgeError, errorOf } from './errors.ts';
import type { Fetch, RequestOptions } from './options.ts';
import { Retries, sleep } from './retry.ts';

export interface TransportSettings {
  /** Undefined for a session. */
  apiKey: string | undefined;
  session?: BrowserSession | undefined;
  baseUrl: string;
  timeout: number;
  maxRetries: number;
  headers: Record<string, string>;
  fetch: Fetch;
}

export interface Sending {
  method: string;
  headers?: Headers | Record<string, string>;
  /** Body, sent again with every attempt. */
  body?: BodyInit;
  /** Whether the response's body is returned as a stream, without a time limit. */
  stream?: boolean;
  /** A status that is no error, in addition to successes. */
  expect?: number;
}

const NO_CONTENT = 204;

export class Transport {
  readonly settings: TransportSettings;

  constructor(settings: TransportSettings) {
    this.settings = settings;
  }

  /** Sends a request. `url` may be a path of the service. Throws if the response is not a success. */
  async send(url: string, sending: Sending, options: RequestOptions = {}): Promise<Response> {
    const target = new URL(url.startsWith('/') ? this.settings.baseUrl + url : url);
    const headers = this.#headers(target, sending, options);
    const ownsSession = isOwn(target, this.settings) && !headers.has('authorization');
    const csrfToken = ownsSession ? await this.settings.session?.tokenFor(sending.method) : undefined;
    if (csrfToken !== undefined) headers.set('x-csrf-token', csrfToken);
    const retries = new Retries(options.maxRetries ?? this.settings.maxRetries);
    for (;;) {
      const outcome = await this.#try(target, { ...sending, headers }, options);
      if (!(outcome instanceof Error)) return outcome;
      const delay = retries.delayAfter(outcome);
      if (delay === null) throw outcome;
      await sleep(delay, options.signal).catch((cause: unknown) => Promise.reject(aborted(cause)));
    }
  }

  #headers(target: URL, { method, headers }: Sending, { idempotencyKey, headers: more = {} }: RequestOptions): Headers {
    const { apiKey } = this.settings;
    const all = new Headers(this.settings.headers);
    // A link to an object store contains its own permission; the key is only for the service.
    if (apiKey !== undefined && isOwn(target, this.settings)) all.set('authorization', `Bearer ${apiKey}`);
    if (method === 'POST') all.set('idempotency-key', idempotencyKey ?? randomKey());
    for (const [name, value] of [...new Headers(headers), ...Object.entries(more)]) all.set(name, value);
    return all;
  }

  async #try(target: URL, sending: Sending, options: RequestOptions): Promise<Response | StyleForgeError> {
    const limit = new AbortController();
    const ms = options.timeout ?? this.settings.timeout;
    const timer = setTimeout(() => limit.abort(), ms);
    const signal = options.signal ? AbortSignal.any([limit.signal, options.signal]) : limit.signal;
    try {
      const { stream, expect, method, headers = {}, body = null } = sending;
      const response = await this.settings.fetch(target.href, { method, headers, body, signal });
      if (!response.ok && response.status !== expect) return await errorOf(response);
      if (stream || response.status === NO_CONTENT) return response;
      const { status, statusText, headers: received } = response;
      return new Response(await response.arrayBuffer(), { status, statusText, headers: received });
    } catch (cause) {
      if (options.signal?.aborted) throw aborted(cause);
      if (limit.signal.aborted) return new APIConnectionTimeoutError(`${target.origin} did not respond within ${ms} ms`, { cause });
      return new APIConnectionError(`${target.origin} cannot be reached: ${reasonOf(cause)}`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

const isOwn = ({ origin }: URL, { baseUrl }: TransportSettings): boolean => origin === new URL(baseUrl).origin;

function aborted(cause: unknown): APIUserAbortError {
  return new APIUserAbortError('The request was aborted.', { cause });
}

/** The cause of an error, because `fetch failed` explains nothing. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message || String(error);
}

/** A random key, also where `crypto.randomUUID` is missing: on pages loaded over plain HTTP. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `sdk-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
