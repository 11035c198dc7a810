// npm run bench -- scale: APIs, Redis, Postgres and workers with SIMULATED training on one machine, many projects, many jobs.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentOf, loadConfig } from '@styleforge/config';
import { createDatabase, type Database, migrate } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';
import { startRedis } from '@styleforge/testing';
import { jobOrder, makeProjects, submitJobs } from './load.ts';
import { print } from '../process.ts';
import { countJobs } from './measure.ts';
import { type RunningProcess, startApi, startNode, toRunning } from './processes.ts';
import { type Part, postgresPart, redisDataMegabytes, redisPart, useOf } from './resources.ts';
import { argumentsOf, type Simulation, simulationOf } from './simulation.ts';
import { percentile } from '../statistics.ts';

const tenths = (value: number) => Math.round(value * 10) / 10;
const sampleMs = 5_000;

export async function run(args: string[]): Promise<void> {
  const simulation = simulationOf(args);
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-scale-'));
  const opened: Opened[] = [];
  try {
    await measure(simulation, directory, opened);
  } finally {
    for (const part of opened.reverse()) await part.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

interface Opened {
  readonly stop: () => Promise<void>;
}

/** Starts everything in order; the caller stops it. */
async function startService(simulation: Simulation, directory: string, opened: Opened[]) {
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  opened.push(postgres);
  await migrate(postgres.databaseUrl);
  const redis = await startRedis();
  opened.push(redis);
  const env = environmentOf(
    loadConfig({
      DATABASE_URL: postgres.databaseUrl,
      REDIS_URL: redis.redisUrl,
      DATA_DIRECTORY: directory,
      RATE_LIMIT_REQUESTS: '0',
      MAX_QUEUED_JOBS_PER_PROJECT: String(simulation.jobs + 1),
      MIGRATE_ON_START: 'false',
      LOG_LEVEL: 'error',
    }),
  );
  const database = createDatabase(postgres.databaseUrl, { maxConnections: 2 });
  opened.push({ stop: () => database.close() });
  const apis = [];
  for (let index = 1; index <= simulation.apis; index++) apis.push(await startApi(`api ${index}`, env));
  opened.push(...apis);
  const urls = apis.map(({ url }) => url);
  const order = jobOrder(await makeProjects(database, urls[0] ?? '', simulation.projects, simulation.jobs));
  const workers = await startWorkers(simulation, env);
  opened.push(...workers);
  return { database, redisUrl: redis.redisUrl, urls, order, processes: [...apis, ...workers] };
}

async function measure(simulation: Simulation, directory: string, opened: Opened[]): Promise<void> {
  const { database, redisUrl, urls, order, processes } = await startService(simulation, directory, opened);
  print({ phase: 'started', ...simulation });
  const began = Date.now();
  const deadline = began + simulation.minutes * 60_000;
  const parts = [
    ...processes.map(({ name, pid }): Part => ({ name, pids: async () => [pid] })),
    await postgresPart(database),
    await redisPart(redisUrl),
  ];
  const before = await cpuSecondsOf(parts);
  const peak = new Map<string, number>();
  const watch = new AbortController();
  const watching = sample(database, parts, { began, peak, signal: watch.signal });
  const submission = await submitJobs(urls, order, simulation.callers, deadline);
  printSubmission(submission);
  const finished = await untilFinished(database, submission.accepted, deadline);
  const seconds = (Date.now() - began) / 1_000;
  watch.abort();
  await watching;
  const rate = finished / seconds;
  const deviceSeconds = (rate * simulation.steps * simulation.stepMs) / 1_000;
  print({ phase: 'finished', finished, seconds, per_second: rate, device_seconds_per_second: deviceSeconds });
  for (const waits of await database.measurements.waitsByProject()) print({ phase: 'waits', ...waits });
  print({ phase: 'database', ...(await database.measurements.size()) });
  print({ phase: 'memory', peak_megabytes: Object.fromEntries(peak), redis_data_megabytes: await redisDataMegabytes(redisUrl) });
  const after = await cpuSecondsOf(parts);
  const perJob = ({ name }: Part) => tenths((((after.get(name) ?? 0) - (before.get(name) ?? 0)) * 1_000) / finished);
  print({ phase: 'cpu', milliseconds_per_job: Object.fromEntries(parts.map((part) => [part.name, perJob(part)])) });
}

function printSubmission({ accepted, refused, firstRefusal, seconds, latenciesMs }: Awaited<ReturnType<typeof submitJobs>>): void {
  print({
    phase: 'submitted',
    accepted,
    refused,
    first_refusal: firstRefusal,
    seconds,
    per_second: accepted / seconds,
    ...(latenciesMs.length > 0 && { median_ms: tenths(percentile(latenciesMs, 0.5)), p95_ms: tenths(percentile(latenciesMs, 0.95)) }),
  });
}

async function startWorkers(simulation: Simulation, env: NodeJS.ProcessEnv): Promise<RunningProcess[]> {
  return Promise.all(
    Array.from({ length: simulation.workers }, async (_, index) => {
      const name = `worker ${index + 1}`;
      const child = startNode('./simulated-worker.ts', env, argumentsOf(simulation));
      await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(new Error(`${name} did not start`)))]);
      return toRunning(name, child);
    }),
  );
}

type Sampling = { began: number; peak: Map<string, number>; signal: AbortSignal };

/** Logs job statuses, the outbox and memory every five seconds, which show bottlenecks. */
async function sample(database: Database, parts: Part[], { began, peak, signal }: Sampling): Promise<void> {
  while (!signal.aborted) {
    for (const part of parts) peak.set(part.name, Math.max(peak.get(part.name) ?? 0, (await useOf(part)).megabytes));
    const [jobs, outbox] = await Promise.all([countJobs(database), database.outbox.count()]);
    print({ phase: 'running', second: Math.round((Date.now() - began) / 1_000), ...jobs, outbox });
    await sleep(sampleMs, undefined, { signal }).catch(() => undefined);
  }
}

async function cpuSecondsOf(parts: Part[]): Promise<Map<string, number>> {
  return new Map(await Promise.all(parts.map(async (part) => [part.name, (await useOf(part)).cpuSeconds] as const)));
}

async function untilFinished(database: Database, wanted: number, deadline: number): Promise<number> {
  for (;;) {
    const { succeeded = 0 } = await countJobs(database);
    if (succeeded >= wanted || Date.now() > deadline) return succeeded;
    await sleep(500);
  }
}
