// What stands behind the API: Postgres and files, or Redis and S3. Vitest's projects of these names run the tests on the one or the other.
import path from 'node:path';
import type { QueueConnection } from '@styleforge/queue';
import { createObjectStore } from '@styleforge/storage';
import type { ObjectStore } from '@styleforge/storage';
import { hasRedis, redisMissing, startFauxS3, startRedis, warnNotTested } from '@styleforge/testing';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    backend: 'embedded' | 'redis-and-s3';
  }
}

export interface Backend {
  objectStore: ObjectStore;
  queueConnection: QueueConnection;
  stop(): Promise<void>;
}

export async function startBackend({ databaseUrl, directory }: { databaseUrl: string; directory: string }): Promise<Backend> {
  if (inject('backend') === 'embedded') {
    const objectStore = await createObjectStore({ kind: 'files', directory: path.join(directory, 'objects') });
    return { objectStore, queueConnection: { kind: 'postgres', databaseUrl }, stop: async () => undefined };
  }
  warnNotTested('the API on Redis', redisMissing);
  const s3 = await startFauxS3();
  const redis = hasRedis ? await startRedis() : undefined;
  return {
    objectStore: await createObjectStore({ kind: 's3', ...s3.settings, prefix: 'installation-1' }),
    queueConnection: redis ? { kind: 'redis', redisUrl: redis.redisUrl } : { kind: 'postgres', databaseUrl },
    stop: async () => void (await Promise.all([s3.stop(), redis?.stop()])),
  };
}
