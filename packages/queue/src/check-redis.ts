// Whether the Redis of a setting is there: asked once, where waiting for it would say nothing.
import { Redis } from 'ioredis';

/** Throws an error that names the setting, and shows no password, where the server cannot be reached or refuses. */
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
