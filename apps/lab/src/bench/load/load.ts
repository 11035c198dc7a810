// npm run bench -- load: what one API process does under 10,000 queued jobs, 1,000 event streams, 100 slow uploads and 20,000 polls at
// once: the latency of another caller, the memory of the API, and what was refused. Everything runs on this machine, and ends by itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentOf, loadConfig } from '@styleforge/config';
import { createDatabase, type Database, migrate } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';
import { writeBaseModelConfigs } from '@styleforge/testing';
import { readCommandLine } from '../../command-line.ts';
import { numberOption } from '../../options.ts';
import { type Crowd, openStreams, openUploads, pollAtOnce } from './crowd.ts';
import { makeTenants, queueJobs, type Tenant } from './tenants.ts';
import { Watcher } from './watcher.ts';
import { print } from '../process.ts';
import { startApi } from '../scale/processes.ts';

const program = {
  usage: 'npm run bench -- load',
  about:
    'Loads one API process from all sides at once. Prints the latency of another caller, the memory of the API, ' +
    'and what was refused, phase by phase.',
  options: {
    jobs: { type: 'string', default: '10000', help: 'queued training jobs' },
    streams: { type: 'string', default: '1000', help: 'event streams' },
    uploads: { type: 'string', default: '100', help: 'slow uploads' },
    polls: { type: 'string', default: '20000', help: 'polls at once' },
    seconds: { type: 'string', default: '10', help: 'how long each phase is watched' },
  },
} as const;

const PROJECTS = 10;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const count = (name: keyof typeof values & string) => numberOption(name, String(values[name]), { least: 0 });
  const seconds = numberOption('seconds', values.seconds, { least: 1 });
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-load-'));
  const postgres = await startEmbeddedPostgres({ directory: path.join(directory, 'postgres') });
  const stops: (() => Promise<unknown>)[] = [() => postgres.stop(), () => rm(directory, { recursive: true, force: true })];
  try {
    await migrate(postgres.databaseUrl);
    const database = createDatabase(postgres.databaseUrl, { maxConnections: 4 });
    stops.unshift(() => database.close());
    await writeBaseModelConfigs(path.join(directory, 'models', 'tiny'));
    const env = environmentOf(
      loadConfig({
        DATABASE_URL: postgres.databaseUrl,
        DATA_DIRECTORY: directory,
        BASE_MODELS_DIRECTORY: path.join(directory, 'models'),
        LOG_LEVEL: 'error',
        MAX_QUEUED_JOBS_PER_PROJECT: '1000000',
      }),
    );
    const api = await startApi('api', env);
    stops.unshift(() => api.stop());
    await loadFromAllSides(api, database, { count, seconds, stops });
  } finally {
    for (const stop of stops) await stop();
  }
}

interface LoadOptions {
  readonly count: (name: 'jobs' | 'streams' | 'uploads' | 'polls') => number;
  readonly seconds: number;
  /** Functions that end the load, called in reverse order. */
  readonly stops: (() => Promise<unknown>)[];
}

/** Adds one kind of load after the other, and prints the latency that another caller observes during each. */
async function loadFromAllSides(
  api: Awaited<ReturnType<typeof startApi>>,
  database: Database,
  { count, seconds, stops }: LoadOptions,
): Promise<void> {
  const tenants = await makeTenants(database, PROJECTS + 1);
  const [other, ...crowd] = tenants as [Tenant, ...Tenant[]];
  const watcher = new Watcher(api, other);
  stops.unshift(() => watcher.stop());
  const loaded = { url: api.url, tenants: crowd };
  const report = async (phase: string, more: object = {}) =>
    print({ name: `load: ${phase}`, ...(await watcher.phase(seconds * 1_000)), ...more });

  await report('nothing');
  await queueJobs(database, crowd, count('jobs'));
  await report(`${count('jobs')} queued jobs`);
  const streams = await openStreams(loaded, count('streams'));
  stops.unshift(() => streams.stop());
  await report(`and ${count('streams')} event streams`, { ...streams.figures(), listening: await database.measurements.listeners() });
  const uploads = await openUploads(loaded, count('uploads'));
  stops.unshift(() => uploads.stop());
  await report(`and ${count('uploads')} slow uploads`, uploads.figures());
  await everything(report, loaded, count('polls'));
  await sleep(1_000);
  print({ name: 'load: at its end', streams: streams.figures(), uploads: uploads.figures(), ...watcher.peak() });
}

async function everything(report: (phase: string, more?: object) => Promise<void>, crowd: Crowd, polls: number): Promise<void> {
  const polling = pollAtOnce(crowd, polls);
  await report(`and ${polls} polls at once`);
  print({ name: 'load: the polls', ...(await polling) });
}
