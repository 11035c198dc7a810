// Counts what each caller has asked for within a window of time: in Redis for all processes together, or in this process.
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

export type RateLimit = { requests: number; seconds: number };
export type RateLimitState = { allowed: boolean; remaining: number /** Until the whole quota is there again. */; resetSeconds: number };

export interface RateLimiter extends RateLimit {
  /** Takes one request off the caller's quota. A caller's window begins with the first request after the last window's end. */
  take(caller: string): Promise<RateLimitState>;
  close(): Promise<void>;
}

export type RateLimiterOptions = RateLimit & {
  /** Absent: each process counts by itself. */
  redisUrl?: string | undefined;
  onRedisError?: (error: Error) => void;
};

const KEY_PREFIX = 'styleforge:rate';

export function createRateLimiter({ requests, seconds, redisUrl, onRedisError = () => undefined }: RateLimiterOptions): RateLimiter {
  const quota = { keyPrefix: KEY_PREFIX, points: requests, duration: seconds };
  const memory = new RateLimiterMemory(quota);
  const redis = redisUrl === undefined ? undefined : new Redis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  redis?.on('error', onRedisError);
  // Requests go on while Redis does not answer; each process then counts by itself.
  const limiter = redis === undefined ? memory : new RateLimiterRedis({ ...quota, storeClient: redis, insuranceLimiter: memory });
  return {
    requests,
    seconds,
    async take(caller) {
      try {
        return toState(await limiter.consume(caller), true);
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return toState(refusal, false);
        throw refusal;
      }
    },
    async close() {
      redis?.disconnect();
    },
  };
}

function toState({ remainingPoints, msBeforeNext }: RateLimiterRes, allowed: boolean): RateLimitState {
  return { allowed, remaining: Math.max(0, remainingPoints), resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) };
}
