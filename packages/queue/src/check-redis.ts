// Checks once whether the configured Redis responds, instead of waiting for it silently.
import { Redis } from 'ioredis';

/** Throws an error that names the setting and contains no password if the server cannot be reached or refuses the connection. */
export async function checkRedis(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  let trouble: unknown;
  redis.on('error', (error: unknown) => (trouble = error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    const { host, port } = redis.options;
    throw new Error(`REDIS_URL: the Redis at ${host}:${port} cannot be used: ${((trouble ?? error) as Error).message}`, { cause: error });
  } finally {
    redis.disconnect();
  }
}
