// Counts the recent requests of each caller: in Redis for all processes together, or in this process.
import { Redis } from 'ioredis';

export type RateLimit = { requests: number; seconds: number };
export type RateLimitState = {
  allowed: boolean;
  remaining: number;
  /** Seconds until the whole quota is available again. */
  resetSeconds: number;
  /** Seconds until one more request is allowed. */
  retrySeconds: number;
};

/** A rate limit over a sliding window: no interval of its length contains more requests than the quota. Refused requests do not count. */
export interface RateLimiter extends RateLimit {
  /** Counts one request of the caller. */
  take(caller: string): Promise<RateLimitState>;
  /** Returns the state without counting a request. */
  look(caller: string): Promise<RateLimitState>;
  close(): Promise<void>;
}

export type RateLimiterOptions = RateLimit & {
  /** Absent: each process counts separately. */
  redisUrl?: string | undefined;
  onRedisError?: (error: Error) => void;
};

const KEY_PREFIX = 'styleforge:rate';
/** Number of parts that a window is counted in; each part expires as a whole. */
const PARTS = 60;

/** Requests by part, numbered from the epoch; oldest first. */
type Parts = Map<number, number>;
type Counted = { parts: Parts; taken: boolean; now: number };

export function createRateLimiter({ requests, seconds, redisUrl, onRedisError = () => undefined }: RateLimiterOptions): RateLimiter {
  const partMs = (seconds * 1_000) / PARTS;
  const memory = new CountsInMemory(requests, partMs);
  const redis = redisUrl === undefined ? undefined : new Redis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  redis?.on('error', onRedisError);
  const toState = ({ parts, taken, now }: Counted): RateLimitState => {
    const used = [...parts.values()].reduce((sum, count) => sum + count, 0);
    const secondsUntilGone = (part: number | undefined) =>
      part === undefined ? 1 : Math.min(seconds, Math.max(1, Math.ceil((partEnd(part, partMs) - now) / 1_000)));
    const numbers = [...parts.keys()];
    return {
      allowed: taken || used < requests,
      remaining: Math.max(0, requests - used),
      resetSeconds: secondsUntilGone(numbers.at(-1)),
      retrySeconds: secondsUntilGone(numbers[0]),
    };
  };
  const count = async (caller: string, wanted: 0 | 1): Promise<RateLimitState> => {
    if (redis === undefined) return toState(memory.count(caller, wanted));
    // Requests are still accepted while Redis does not respond; each process then counts separately.
    const counted = await countInRedis(redis, `${KEY_PREFIX}:${seconds}:${caller}`, { requests, partMs, wanted }).catch(() =>
      memory.count(caller, wanted),
    );
    return toState(counted);
  };
  return {
    requests,
    seconds,
    take: (caller) => count(caller, 1),
    look: (caller) => count(caller, 0),
    async close() {
      memory.close();
      redis?.disconnect();
    },
  };
}

/** End of a part: it counts until its last request is older than the window. */
const partEnd = (part: number, partMs: number): number => (part + 1 + PARTS) * partMs;

class CountsInMemory {
  readonly #requests: number;
  readonly #partMs: number;
  readonly #callers = new Map<string, Parts>();
  readonly #sweeping: NodeJS.Timeout;

  constructor(requests: number, partMs: number) {
    this.#requests = requests;
    this.#partMs = partMs;
    this.#sweeping = setInterval(() => this.#sweep(), PARTS * partMs).unref();
  }

  count(caller: string, wanted: 0 | 1): Counted {
    const now = Date.now();
    const parts = this.#callers.get(caller) ?? new Map<number, number>();
    for (const part of parts.keys()) if (partEnd(part, this.#partMs) <= now) parts.delete(part);
    const used = [...parts.values()].reduce((sum, count) => sum + count, 0);
    const taken = wanted === 1 && used < this.#requests;
    if (taken) {
      const part = Math.floor(now / this.#partMs);
      parts.set(part, (parts.get(part) ?? 0) + 1);
      this.#callers.set(caller, parts);
    }
    return { parts, taken, now };
  }

  close(): void {
    clearInterval(this.#sweeping);
  }

  #sweep(): void {
    const now = Date.now();
    for (const [caller, parts] of this.#callers) {
      if ([...parts.keys()].every((part) => partEnd(part, this.#partMs) <= now)) this.#callers.delete(caller);
    }
  }
}

/**
 * Script that uses the clock of Redis, which all processes share. Returns whether the request was counted, the time, and the parts with
 * their counts.
 */
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, partMs, parts, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local counts = redis.call('HGETALL', KEYS[1])
local used, kept = 0, {}
for i = 1, #counts, 2 do
  if (tonumber(counts[i]) + 1 + parts) * partMs <= now then redis.call('HDEL', KEYS[1], counts[i])
  else used = used + tonumber(counts[i + 1]); kept[counts[i]] = tonumber(counts[i + 1]) end
end
local taken = 0
if wanted == 1 and used < limit then
  taken = 1
  local part = string.format('%.0f', math.floor(now / partMs))
  kept[part] = redis.call('HINCRBY', KEYS[1], part, 1)
  redis.call('PEXPIRE', KEYS[1], math.ceil((parts + 1) * partMs))
end
local reply = { taken, now }
for part, count in pairs(kept) do reply[#reply + 1] = tonumber(part); reply[#reply + 1] = count end
return reply`;

type Quota = { requests: number; partMs: number; wanted: 0 | 1 };

async function countInRedis(redis: Redis, key: string, { requests, partMs, wanted }: Quota): Promise<Counted> {
  const [taken = 0, now = 0, ...flat] = (await redis.eval(SCRIPT, 1, key, requests, partMs, PARTS, wanted)) as number[];
  const pairs = Array.from({ length: flat.length / 2 }, (_, index): [number, number] => [flat[2 * index] ?? 0, flat[2 * index + 1] ?? 0]);
  return { taken: taken === 1, now, parts: new Map(pairs.sort(([a], [b]) => a - b)) };
}
