// A whole service in a folder of its own, with handles on each of its processes, on its lines, its disk and its clock.
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, environmentOf, loadConfig } from '@styleforge/config';
import { createDatabase, type Database } from '@styleforge/database';
import { createObjectStore, type ObjectStore } from '@styleforge/storage';
import { s3Environment, startS3 } from '@styleforge/testing';
import { type RunningService, startService } from '../start/start-service.ts';
import { type Clock, createClock } from './clock.ts';
import { type RedisProcess, startRedisProcess } from './redis-process.ts';
import { mountSmallDisk, type SmallDisk, smallDiskMissing } from './small-disk.ts';
import { type Line, startLine } from './tcp-proxy.ts';

/** `embedded`: the service's own database, queue and files. `redis`: Redis and S3, each behind a line. */
export type StackKind = 'embedded' | 'redis';

export interface Remote {
  redis: RedisProcess;
  redisLine: Line;
  s3Line: Line;
}

export interface ChaosStack {
  kind: StackKind;
  service: RunningService;
  database: Database;
  objectStore: ObjectStore;
  clock: Clock;
  remote?: Remote;
  /** Holds what a worker writes, and the objects where they are files; absent where none can be mounted. */
  disk?: SmallDisk;
  /** Past all lines, for those who check. */
  queueSettings: Pick<Config, 'databaseUrl' | 'redisUrl'>;
  /** The settings of a further process of this stack. */
  environment: NodeJS.ProcessEnv;
  directory: string;
  /** A part of the service died and did not come back. */
  givenUp(): Error | undefined;
  postgresPid(): Promise<number>;
  stop(): Promise<void>;
}

type Closers = (() => Promise<void>)[];

export async function startChaosStack(kind: StackKind, directory: string, modelsDirectory: string): Promise<ChaosStack> {
  const opened: Closers = [];
  const stop = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    return await start(kind, { directory, modelsDirectory, opened, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Place {
  directory: string;
  modelsDirectory: string;
  opened: Closers;
  stop(): Promise<void>;
}

async function start(kind: StackKind, { directory, modelsDirectory, opened, stop }: Place): Promise<ChaosStack> {
  const data = join(directory, 'data');
  const disk = smallDiskMissing === undefined ? await openDisk(directory, data, opened) : undefined;
  const remote = kind === 'redis' ? await openRemote(directory, opened) : undefined;
  const clock = await createClock(join(directory, 'clock'));
  const config = loadConfig({
    ...{ PORT: '0', LOG_LEVEL: 'info', DATA_DIRECTORY: data, BASE_MODELS_DIRECTORY: modelsDirectory },
    ...{ WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8', RATE_LIMIT_REQUESTS: '0', WORKER_GRACE_SECONDS: '10', MIN_FREE_DISK_MB: '1' },
    // Sweeps are made when a round is over, by a worker of their own.
    ...{ WORKER_QUEUES: 'train:1,generate:2,evaluate:1,webhook:4', SWEEP_MINUTES: '600', ORPHAN_GRACE_HOURS: '1' },
    ...(disk && !remote && { OBJECT_STORE_DIRECTORY: join(disk.directory, 'objects') }),
    ...remote?.settings,
  });
  let givenUp: Error | undefined;
  const service = await startService({ config, environment: clock.environment, onGivenUp: (error) => (givenUp = error) });
  opened.push(() => service.stop());
  const { databaseUrl } = service;
  const database = createDatabase(databaseUrl, { maxConnections: 2 });
  opened.push(() => database.close());
  return {
    ...{ kind, service, database, clock, directory, stop },
    objectStore: await createObjectStore(config.objectStore),
    queueSettings: { databaseUrl, redisUrl: remote?.redis.redisUrl },
    environment: environmentOf({ ...config, databaseUrl }),
    ...(remote && { remote }),
    ...(disk && { disk }),
    givenUp: () => givenUp,
    postgresPid: () => pidIn(join(data, 'postgres', 'data', 'postmaster.pid')),
  };
}

/** 0 while there is none. */
async function pidIn(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return Number(text.split('\n')[0]);
}

async function openDisk(directory: string, data: string, opened: Closers): Promise<SmallDisk> {
  const disk = await mountSmallDisk(join(directory, 'disk'));
  opened.push(() => disk.remove());
  await Promise.all([mkdir(join(disk.directory, 'scratch')), mkdir(data, { recursive: true })]);
  await symlink(join(disk.directory, 'scratch'), join(data, 'scratch'));
  return disk;
}

async function openRemote(directory: string, opened: Closers): Promise<Remote & { settings: Record<string, string> }> {
  const redis = await startRedisProcess(join(directory, 'redis'));
  opened.push(() => redis.stop());
  const s3 = await startS3();
  opened.push(() => s3.stop());
  const lineTo = async (url: string) => {
    const line = await startLine({ host: '127.0.0.1', port: Number(new URL(url).port) });
    opened.push(() => line.stop());
    return line;
  };
  const [redisLine, s3Line] = [await lineTo(redis.redisUrl), await lineTo(s3.settings.endpoint)];
  return {
    ...{ redis, redisLine, s3Line },
    settings: {
      REDIS_URL: `redis://127.0.0.1:${redisLine.port}`,
      ...s3Environment(s3),
      S3_ENDPOINT: `http://127.0.0.1:${s3Line.port}`,
    },
  };
}
