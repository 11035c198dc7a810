// When a request is tried again, and after how long.
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;
/** A longer wait is the caller's decision. */
const LONGEST_RETRY_AFTER_MS = 60_000;
const RETRIED_STATUSES = [408, 429, 500, 502, 503, 504];

export function mayRetry(status: number, code: string | undefined): boolean {
  return RETRIED_STATUSES.includes(status) || code === 'idempotency_in_progress';
}

/** Doubles with each try, less up to a quarter, so that many clients do not come back at once. */
export function backOff(tries: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** tries, LONGEST_DELAY_MS) * (1 - Math.random() / 4);
}

/** Null when the service asks for more patience than a request should have. */
export function delayBefore(tries: number, headers: Headers): number | null {
  const asked = retryAfter(headers);
  if (asked === undefined) return backOff(tries);
  return asked > LONGEST_RETRY_AFTER_MS ? null : asked;
}

/** Milliseconds; `Retry-After` counts seconds or names a date (RFC 9110). */
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
