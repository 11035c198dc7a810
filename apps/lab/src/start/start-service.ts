// Starts the whole service on one machine: database, API, worker; and stops it in the opposite order.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, environmentOf, listenError, urlOf } from '@styleforge/config';
import { createDatabase, migrate } from '@styleforge/database';
import { checkRedis } from '@styleforge/queue';
import { freePort, startEmbeddedPostgres } from '@styleforge/stack';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

export interface RunningService {
  url: string;
  /** The API key, if this start created one: at the first start, or on request. */
  apiKey?: string;
  databaseUrl: string;
  /** Changes when the worker is restarted. */
  workerPid(): number | undefined;
  /** Changes when the API is restarted. */
  apiPid(): number | undefined;
  logDirectory: string;
  stop(): Promise<void>;
}

export interface StartServiceOptions {
  config: Config;
  newKey?: boolean;
  /** Environment of API and worker, in addition to the settings. */
  environment?: Record<string, string>;
  /** A part of the service died and could not be restarted. */
  onGivenUp?(error: Error): void;
}

const root = new URL('../../../../', import.meta.url);
const readyMs = 180_000;

export async function startService({
  config,
  newKey = false,
  environment = {},
  onGivenUp = throwLater,
}: StartServiceOptions): Promise<RunningService> {
  const opened: (() => Promise<void>)[] = [];
  const stop = onlyOnce(async () => {
    for (const close of opened.reverse()) await close();
  });
  try {
    // Checked before anything is created: another server on the port would be mistaken for the API.
    const port = await choosePort(config);
    // Checked here, because API and worker would wait for it for minutes and report it only in their logs.
    if (config.redisUrl !== undefined) await checkRedis(config.redisUrl);
    await mkdir(config.dataDirectory, { recursive: true });
    const databaseUrl = config.databaseUrl ?? (await startDatabase(config, opened, onGivenUp));
    await migrate(databaseUrl);
    const env = { ...environmentOf({ ...config, databaseUrl, port }), ...environment };
    const logDirectory = join(config.dataDirectory, 'logs');
    const url = urlOf(config.host, port);
    const plan = { env, logDirectory, onGivenUp };
    const [api, worker] = await Promise.allSettled([startApi({ ...plan, url }, opened), startWorker(plan, opened)]);
    if (api.status === 'rejected') throw api.reason;
    if (worker.status === 'rejected') throw worker.reason;
    // Created last, because only a successful start shows it, once.
    const apiKey = await makeKey(databaseUrl, newKey);
    return {
      url,
      ...(apiKey && { apiKey }),
      databaseUrl,
      workerPid: () => worker.value.pid,
      apiPid: () => api.value.pid,
      logDirectory,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function choosePort({ host, port }: Config): Promise<number> {
  return freePort(host, port).catch((error: unknown) => {
    throw listenError(error, { host, port, setting: 'PORT' });
  });
}

type Closers = (() => Promise<void>)[];

/** The server is restarted when it dies, like API and worker. */
async function startDatabase(config: Config, opened: Closers, onGivenUp: (error: Error) => void): Promise<string> {
  const postgres = await startEmbeddedPostgres({ directory: join(config.dataDirectory, 'postgres'), onGivenUp });
  opened.push(() => postgres.stop());
  return postgres.databaseUrl;
}

/** The first start creates a project and an API key. */
async function makeKey(databaseUrl: string, newKey: boolean): Promise<string | undefined> {
  const database = createDatabase(databaseUrl, { maxConnections: 1 });
  try {
    const first = await database.apiKeys.createFirst();
    if (first || !newKey) return first?.key;
    const [id] = await database.installation.projectIds();
    if (id === undefined) throw new Error('the database has no project');
    return (await database.apiKeys.create(id, 'made at start', ['read', 'write', 'admin'])).key;
  } finally {
    await database.close();
  }
}

type ProcessPlan = { env: NodeJS.ProcessEnv; logDirectory: string; onGivenUp(error: Error): void };

async function startApi({ env, logDirectory, url, onGivenUp }: ProcessPlan & { url: string }, opened: Closers): Promise<ServiceProcess> {
  const api = await startServiceProcess({
    name: 'API',
    entry: new URL('apps/api/src/main.ts', root),
    env,
    logFile: join(logDirectory, 'api.log'),
    untilReady: () => untilHealthy(`${url}/healthz`),
    stopDeadlineMs: 12_000,
    onGivenUp,
  });
  opened.push(() => api.stop());
  return api;
}

async function startWorker({ env, logDirectory, onGivenUp }: ProcessPlan, opened: Closers): Promise<ServiceProcess> {
  const worker = await startServiceProcess({
    name: 'worker',
    entry: new URL('apps/worker/src/main.ts', root),
    env,
    logFile: join(logDirectory, 'worker.log'),
    untilReady: untilReadyMessage,
    stopDeadlineMs: 35_000,
    onGivenUp,
  });
  opened.push(() => worker.stop());
  return worker;
}

/** A worker sends a message when it serves. */
export async function untilReadyMessage(child: ChildProcess): Promise<void> {
  await once(child, 'message', { signal: AbortSignal.timeout(readyMs) });
}

export async function untilHealthy(url: string): Promise<void> {
  const end = Date.now() + readyMs;
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > end) throw new Error(`${url} did not respond within ${readyMs / 1_000} seconds`);
    await sleep(100);
  }
}

function onlyOnce(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= action());
}

function throwLater(error: Error): void {
  throw error;
}
