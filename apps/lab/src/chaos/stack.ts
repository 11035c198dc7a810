// A whole service in a folder of its own, with handles on each of its processes.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '@styleforge/config';
import { createDatabase, type Database } from '@styleforge/database';
import { createObjectStore, type ObjectStore } from '@styleforge/storage';
import { type RunningService, startService } from '../start/start-service.ts';
import { type RedisProcess, startRedisProcess } from './redis-process.ts';

export type StackKind = 'embedded' | 'redis';

export interface ChaosStack {
  kind: StackKind;
  service: RunningService;
  database: Database;
  objectStore: ObjectStore;
  objectsDirectory: string;
  redis?: RedisProcess;
  /** A part of the service died and did not come back. */
  givenUp(): Error | undefined;
  postgresPid(): Promise<number>;
  stop(): Promise<void>;
}

export async function startChaosStack(kind: StackKind, directory: string, modelsDirectory: string): Promise<ChaosStack> {
  const redis = kind === 'redis' ? await startRedisProcess(join(directory, 'redis')) : undefined;
  const config = loadConfig({
    ...{ PORT: '0', LOG_LEVEL: 'info', DATA_DIRECTORY: join(directory, 'data'), BASE_MODELS_DIRECTORY: modelsDirectory },
    ...{ WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8', RATE_LIMIT_REQUESTS: '0', SWEEP_MINUTES: '600', WORKER_GRACE_SECONDS: '10' },
    ...(redis && { REDIS_URL: redis.redisUrl }),
  });
  let givenUp: Error | undefined;
  const service = await startService({ config, onGivenUp: (error) => (givenUp = error) });
  const database = createDatabase(service.databaseUrl, { maxConnections: 2 });
  return {
    kind,
    service,
    database,
    objectStore: await createObjectStore(config.objectStore),
    objectsDirectory: join(directory, 'data', 'objects'),
    ...(redis && { redis }),
    givenUp: () => givenUp,
    postgresPid: async () => Number((await readFile(join(directory, 'data', 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]),
    async stop() {
      await database.close();
      await service.stop();
      await redis?.stop();
    },
  };
}
