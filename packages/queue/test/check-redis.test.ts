import { checkRedis } from '@styleforge/queue';
import { redisMissing, startRedis, warnNotTested } from '@styleforge/testing';
import { expect, it } from 'vitest';

it('names the setting if there is no Redis', async () => {
  await expect(checkRedis('redis://:secret@127.0.0.1:1')).rejects.toThrow(
    /^REDIS_URL: the Redis at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/,
  );
});

it.skipIf(warnNotTested('that a Redis is found, or refuses', redisMissing))(
  'accepts a server that responds, and shows the reason of one that refuses',
  async () => {
    const { redisUrl, stop } = await startRedis();
    try {
      await checkRedis(redisUrl);
      const refused: unknown = await checkRedis(redisUrl.replace('//', '//someone:secret@')).catch((error: unknown) => error);
      expect(String(refused)).toMatch(/REDIS_URL: the Redis at 127\.0\.0\.1:\d+ cannot be used: WRONGPASS/);
      expect(String(refused)).not.toContain('secret');
    } finally {
      await stop();
    }
  },
);
