// The quota of a caller is exact within a window, complete again after it, and shared by all processes with Redis.
import { setTimeout as sleep } from 'node:timers/promises';
import { createRateLimiter, type RateLimiter } from '@styleforge/queue';
import { describe, expect, it } from 'vitest';
import { redisMissing, startRedis, warnNotTested } from '@styleforge/testing';

const allowed = async (take: Promise<{ allowed: boolean }>[]) => (await Promise.all(take)).filter((state) => state.allowed).length;

describe('in this process', () => {
  it('allows exactly the quota, for each caller separately, and all of it again after the window', async () => {
    const limiter = createRateLimiter({ requests: 5, seconds: 2 });
    const states = await Promise.all(Array.from({ length: 8 }, () => limiter.take('a')));
    expect(states.map((state) => [state.allowed, state.remaining])).toEqual([
      [true, 4],
      [true, 3],
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
      [false, 0],
      [false, 0],
    ]);
    for (const { resetSeconds } of states) expect([1, 2]).toContain(resetSeconds);
    expect(await limiter.take('b')).toMatchObject({ allowed: true, remaining: 4 });
    await sleep(2100);
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 4 });
    await limiter.close();
  });

  it('allows no more than the quota in any window, wherever it begins, and does not count refused requests', async () => {
    const limiter = createRateLimiter({ requests: 20, seconds: 3 });
    await oneAndBurst(limiter);
    await limiter.close();
  });

  it('shows its state without using the quota', async () => {
    const limiter = createRateLimiter({ requests: 1, seconds: 60 });
    expect(await limiter.look('a')).toMatchObject({ allowed: true, remaining: 1 });
    await limiter.take('a');
    expect(await limiter.look('a')).toMatchObject({ allowed: false, remaining: 0, retrySeconds: 60 });
    await limiter.close();
  });
});

/** A case that fixed windows fail: there, 19 late in one window and 20 early in the next make 39 within a second. */
async function oneAndBurst(limiter: RateLimiter): Promise<void> {
  const takes = (count: number) => allowed(Array.from({ length: count }, () => limiter.take('edge')));
  expect(await takes(1)).toBe(1);
  await sleep(2_500);
  expect(await takes(40)).toBe(19);
  // The first one has left the window.
  await sleep(1_000);
  expect(await takes(20)).toBe(1);
  await sleep(2_300);
  expect(await takes(40)).toBe(19);
}

describe.skipIf(warnNotTested('the rate limit on Redis', redisMissing))('on Redis', () => {
  it('counts for all processes together, and in each separately while Redis is unavailable', async () => {
    const redis = await startRedis();
    const errors: Error[] = [];
    const options = { requests: 5, seconds: 60, redisUrl: redis.redisUrl, onRedisError: (error: Error) => errors.push(error) };
    const [one, two] = [createRateLimiter(options), createRateLimiter(options)];
    await expect
      .poll(async () => (await one.take('warm up')).remaining + (await two.take('warm up')).remaining, { timeout: 20_000 })
      .toBeLessThan(4);
    expect(await allowed(Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? one : two).take('a')))).toBe(5);
    await redis.stop();
    expect(await allowed(Array.from({ length: 7 }, () => one.take('a')))).toBe(5);
    expect(await allowed(Array.from({ length: 7 }, () => two.take('a')))).toBe(5);
    await expect.poll(() => errors.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await one.close();
    await two.close();
  });

  it('allows no more than the quota in any window', async () => {
    const redis = await startRedis();
    const limiter = createRateLimiter({ requests: 20, seconds: 3, redisUrl: redis.redisUrl });
    const other = createRateLimiter({ requests: 20, seconds: 3, redisUrl: redis.redisUrl });
    const seenByOther = async () => (await limiter.take('warm up')).allowed && (await other.look('warm up')).remaining < 20;
    await expect.poll(seenByOther, { timeout: 20_000 }).toBe(true);
    await other.close();
    await oneAndBurst(limiter);
    await limiter.close();
    await redis.stop();
  });
});
