// A whole service in its own folder, with control of its processes, network connections, disk and clock.
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, environmentOf, loadConfig } from '@styleforge/config';
import { createDatabase, type Database } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';
import { createObjectStore, type ObjectStore } from '@styleforge/storage';
import { s3Environment, startS3 } from '@styleforge/testing';
import { type RunningService, startService } from '../start/start-service.ts';
import { type Clock, createClock } from './clock.ts';
import { type Side, startOtherVersion } from './other-version.ts';
import { type RedisProcess, startRedisProcess } from './redis-process.ts';
import { mountSmallDisk, type SmallDisk, smallDiskMissing } from './small-disk.ts';
import { type Line, startLine } from './tcp-proxy.ts';

/** `embedded`: the service's own database, queue and files. `redis`: Redis and S3, each behind a proxy. */
export type StackKind = 'embedded' | 'redis';

export interface Remote {
  /** Address that bypasses the proxy. */
  databaseUrl: string;
  redis: RedisProcess;
  postgresLine: Line;
  redisLine: Line;
  s3Line: Line;
}

export interface ChaosStack {
  kind: StackKind;
  service: RunningService;
  /** This version, and another one if two run in parallel. */
  sides: readonly Side[];
  database: Database;
  objectStore: ObjectStore;
  clock: Clock;
  remote?: Remote;
  /** Disk for the worker's files, and for objects in the file store; absent if none can be mounted. */
  disk?: SmallDisk;
  /** Connections that bypass the proxies, for the checks. */
  queueSettings: Pick<Config, 'databaseUrl' | 'redisUrl'>;
  /** The settings of a further process of this stack. */
  environment: NodeJS.ProcessEnv;
  directory: string;
  /** Base URLs of the service. */
  urls: readonly string[];
  /** A part of the service died and was not restarted. */
  givenUp(): Error | undefined;
  postgresPid(): Promise<number>;
  stop(): Promise<void>;
}

type Closers = (() => Promise<void>)[];

/** Parts of a stack. */
export interface StackPlan {
  directory: string;
  modelsDirectory: string;
  otherVersion?: string;
}

export async function startChaosStack(kind: StackKind, plan: StackPlan): Promise<ChaosStack> {
  const opened: Closers = [];
  const stop = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    return await start(kind, plan, opened, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(kind: StackKind, plan: StackPlan, opened: Closers, stop: () => Promise<void>): Promise<ChaosStack> {
  const { directory, otherVersion } = plan;
  let givenUp: Error | undefined;
  const onGivenUp = (error: Error) => void (givenUp = error);
  const data = join(directory, 'data');
  const disk = smallDiskMissing === undefined ? await openDisk(directory, data, opened) : undefined;
  const remote = kind === 'redis' ? await openRemote({ directory, data, onGivenUp }, opened) : undefined;
  const clock = await createClock(join(directory, 'clock'));
  const config = settingsOf(plan, data, {
    ...(disk && !remote && { OBJECT_STORE_DIRECTORY: join(disk.directory, 'objects') }),
    ...remote?.settings,
  });
  const service = await startService({ config, environment: clock.environment, onGivenUp });
  opened.push(() => service.stop());
  const environment = environmentOf({ ...config, databaseUrl: service.databaseUrl });
  const other = { env: { ...environment, ...clock.environment }, logDirectory: service.logDirectory, onGivenUp };
  const sides: Side[] = [
    { name: '', url: service.url, workerPid: () => service.workerPid(), apiPid: () => service.apiPid() },
    ...(otherVersion === undefined ? [] : [await startOtherVersion({ path: otherVersion, ...other }, opened)]),
  ];
  const databaseUrl = remote?.databaseUrl ?? service.databaseUrl;
  const database = createDatabase(databaseUrl, { maxConnections: 2 });
  opened.push(() => database.close());
  return {
    ...{ kind, service, sides, database, clock, directory, environment, stop },
    objectStore: await createObjectStore(config.objectStore),
    queueSettings: { databaseUrl, redisUrl: remote?.redis.redisUrl },
    ...(remote && { remote }),
    ...(disk && { disk }),
    urls: sides.map(({ url }) => url),
    givenUp: () => givenUp,
    postgresPid: () => pidIn(join(data, 'postgres', 'data', 'postmaster.pid')),
  };
}

const settingsOf = ({ modelsDirectory }: StackPlan, data: string, more: Record<string, string>): Config =>
  loadConfig({
    ...{ PORT: '0', LOG_LEVEL: 'info', DATA_DIRECTORY: data, BASE_MODELS_DIRECTORY: modelsDirectory },
    ...{ WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8', RATE_LIMIT_REQUESTS: '0', WORKER_GRACE_SECONDS: '10', MIN_FREE_DISK_MB: '1' },
    // Sweeps run after a round, in a separate worker.
    ...{ WORKER_QUEUES: 'train:1,generate:2,evaluate:1,webhook:4', SWEEP_MINUTES: '600', ORPHAN_GRACE_HOURS: '1' },
    ...more,
  });

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

interface RemotePlan {
  directory: string;
  data: string;
  onGivenUp(error: Error): void;
}

async function openRemote(
  { directory, data, onGivenUp }: RemotePlan,
  opened: Closers,
): Promise<Remote & { settings: Record<string, string> }> {
  await mkdir(data, { recursive: true });
  const { databaseUrl, stop } = await startEmbeddedPostgres({ directory: join(data, 'postgres'), onGivenUp });
  opened.push(stop);
  const redis = await startRedisProcess(join(directory, 'redis'));
  opened.push(() => redis.stop());
  const s3 = await startS3();
  opened.push(() => s3.stop());
  const lineTo = async (url: string) => {
    const line = await startLine({ host: '127.0.0.1', port: Number(new URL(url).port) });
    opened.push(() => line.stop());
    return line;
  };
  const [postgresLine, redisLine, s3Line] = [await lineTo(databaseUrl), await lineTo(redis.redisUrl), await lineTo(s3.settings.endpoint)];
  const onLine = new URL(databaseUrl);
  onLine.port = String(postgresLine.port);
  return {
    ...{ databaseUrl, redis, postgresLine, redisLine, s3Line },
    settings: {
      DATABASE_URL: onLine.href,
      REDIS_URL: `redis://127.0.0.1:${redisLine.port}`,
      ...s3Environment(s3),
      S3_ENDPOINT: `http://127.0.0.1:${s3Line.port}`,
    },
  };
}
