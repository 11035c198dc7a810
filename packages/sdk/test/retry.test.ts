// How long a request is repeated.
import { APIConnectionError, ConflictError } from '@styleforge/sdk';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Retries } from '../src/retry.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const busy = (retryAfter?: string) =>
  new ConflictError(409, { code: 'idempotency_in_progress' }, new Headers(retryAfter === undefined ? {} : { 'retry-after': retryAfter }));

it('waits ten minutes for the first request with the same key, and no longer', () => {
  const retries = new Retries(2);
  for (let waited = 0; waited <= 595; waited += 5) {
    expect(retries.delayAfter(busy('5'))).toBe(5_000);
    vi.advanceTimersByTime(5_000);
  }
  expect(retries.delayAfter(busy('5'))).toBeNull();
});

it('counts failures separately, and waits longer each time if no time is given', () => {
  const retries = new Retries(1);
  const delays = [busy(), busy(), busy(), new APIConnectionError('lost'), busy()].map((error) => retries.delayAfter(error) ?? Number.NaN);
  for (const [index, longest] of [500, 1_000, 2_000, 500, 4_000].entries()) {
    expect(delays[index]).toBeLessThanOrEqual(longest);
    expect(delays[index]).toBeGreaterThanOrEqual(longest * 0.75);
  }
  expect(retries.delayAfter(new APIConnectionError('lost'))).toBeNull();
});
