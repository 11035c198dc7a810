// Decides whether and when a request is sent again.
import { APIConnectionError, APIError } from './errors.ts';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;
/** Longest `Retry-After` that is waited for; the caller decides about longer ones. */
const LONGEST_RETRY_AFTER_MS = 60_000;
const RETRIED_STATUSES = [408, 429, 500, 502, 503, 504];

/** Number of consecutive failures, about half a minute, after which following a job ends. A service that restarts is back before. */
export const PATIENCE = 8;

/** Longest time that an upload may take, in milliseconds. */
const LONGEST_IN_PROGRESS_MS = 600_000;

/** Whether another attempt may succeed. */
export function isPassing(error: unknown): boolean {
  return error instanceof APIConnectionError || (error instanceof APIError && RETRIED_STATUSES.includes(error.status));
}

/** Milliseconds that double with each attempt, minus up to a quarter at random, so that many clients do not return at once. */
export function backOff(tries: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** tries, LONGEST_DELAY_MS) * (1 - Math.random() / 4);
}

/** The attempts of one request. */
export class Retries {
  readonly #most: number;
  #failures = 0;
  #waits = 0;
  #waitsEnd: number | undefined;

  /** `most`: maximum number of repetitions after failures; 0 for none. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Milliseconds before the next attempt. Null for none, because it would not help, or the service requests too long a pause. */
  delayAfter(error: Error): number | null {
    if (error instanceof APIError && error.code === 'idempotency_in_progress') return this.#delayWhileInProgress(error);
    if (!isPassing(error) || this.#failures === this.#most) return null;
    return delayBefore(this.#failures++, error);
  }

  /** Delay while the first request with this key is still running, which does not count as a failure. */
  #delayWhileInProgress(error: APIError): number | null {
    this.#waitsEnd ??= Date.now() + LONGEST_IN_PROGRESS_MS;
    if (this.#most === 0 || Date.now() >= this.#waitsEnd) return null;
    return delayBefore(this.#waits++, error);
  }
}

function delayBefore(tries: number, error: Error): number | null {
  const asked = error instanceof APIError ? retryAfter(error.headers) : undefined;
  if (asked === undefined) return backOff(tries);
  return asked > LONGEST_RETRY_AFTER_MS ? null : asked;
}

/** The header in milliseconds; it contains seconds or a date (RFC 9110). */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const stop = () => {
      clearTimeout(timer);
      fail(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      done();
    }, ms);
    if (signal?.aborted) return stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}
