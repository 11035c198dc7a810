// npm run bench -- api: status polls and submissions per second of the real API, compared with a bare Fastify + pg route on the same
// Postgres and machine.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { environmentOf, loadConfig } from '@styleforge/config';
import { createDatabase, migrate } from '@styleforge/database';
import { forkTypeScript } from '@styleforge/launch';
import { freePort, startEmbeddedPostgres } from '@styleforge/stack';
import { discPicture, writeBaseModelConfigs } from '@styleforge/testing';
import { readCommandLine } from '../../command-line.ts';
import { numberOption } from '../../options.ts';
import { type Load, measureLoad } from './http-load.ts';
import { print } from '../process.ts';
import { median } from '../statistics.ts';

const READY_MS = 120_000;
const entryOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const program = {
  usage: 'npm run bench -- api',
  about: 'Measures status polls and submissions of the API, compared with a bare route on the same Postgres and machine.',
  options: {
    seconds: { type: 'string', default: '5', help: 'how long each route is measured' },
    connections: { type: 'string', default: '10', help: 'connections at the same time' },
    rounds: { type: 'string', default: '1', help: 'how often all routes are measured in turn' },
    named: { type: 'boolean', default: false, help: 'give jobs a name and notes' },
  },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const load: Settings = {
    rounds: numberOption('rounds', values.rounds),
    named: values.named,
    seconds: numberOption('seconds', values.seconds, { least: 0.1, fraction: true }),
    connections: numberOption('connections', values.connections),
  };
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-bench-'));
  const postgres = await startEmbeddedPostgres({ directory: path.join(directory, 'postgres') });
  const children: ChildProcess[] = [];
  try {
    await migrate(postgres.databaseUrl);
    const key = await makeKey(postgres.databaseUrl);
    await writeBaseModelConfigs(path.join(directory, 'models', 'tiny'));
    const settings = {
      DATABASE_URL: postgres.databaseUrl,
      DATA_DIRECTORY: directory,
      BASE_MODELS_DIRECTORY: path.join(directory, 'models'),
      LOG_LEVEL: 'warn',
      RATE_LIMIT_REQUESTS: '0',
      MAX_QUEUED_JOBS_PER_PROJECT: '1000000',
    };
    const real = await start(entryOf('../../../../api/src/main.ts'), settings, children);
    const bare = await start(entryOf('bare-server.ts'), settings, children);
    await compareRoutes({ real, bare, key, databaseUrl: postgres.databaseUrl }, load);
  } finally {
    await Promise.all(children.map(stop));
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** `rounds`: how often both servers are measured, in turn. `named`: jobs have a name and notes. */
type Settings = Pick<Load, 'seconds' | 'connections'> & { rounds: number; named: boolean };

interface Servers {
  readonly real: string;
  readonly bare: string;
  readonly key: string;
  readonly databaseUrl: string;
}

async function compareRoutes({ real, bare, key, databaseUrl }: Servers, { rounds, named, ...load }: Settings): Promise<void> {
  const { jobId, job } = await createJob(real, key, named);
  const authorization = { authorization: `Bearer ${key}` };
  const poll = (id: string, what: string) =>
    compare(
      what,
      rounds,
      { ...load, url: `${bare}/jobs/${id}` },
      { ...load, url: `${real}/v1/training-jobs/${id}`, headers: authorization },
    );
  await poll(jobId, 'status poll of a queued job');
  await startJob(databaseUrl, jobId);
  await poll(jobId, 'status poll of a running job');
  const post = { ...load, method: 'POST', headers: { ...authorization, 'content-type': 'application/json' }, body: JSON.stringify(job) };
  await compare('submission', rounds, { ...post, url: `${bare}/jobs` }, { ...post, url: `${real}/v1/training-jobs` });
}

/** Prints every measurement, and the median of the rounds' ratios. */
async function compare(name: string, rounds: number, bare: Load, real: Load): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const measured = { bare: await measureLoad(bare), styleforge: await measureLoad(real) };
    for (const [server, figures] of Object.entries(measured)) print({ what: name, server, ...figures });
    ratios.push(measured.styleforge.per_second / measured.bare.per_second);
  }
  print({ what: name, ratio: Number(median(ratios).toFixed(3)), rounds: ratios.map((ratio) => Number(ratio.toFixed(3))) });
}

async function makeKey(databaseUrl: string): Promise<string> {
  const database = createDatabase(databaseUrl, { maxConnections: 1 });
  const { projectId } = await database.apiKeys.createProject('bench');
  const { key } = await database.apiKeys.create(projectId, 'bench');
  await database.close();
  return key;
}

async function createJob(url: string, key: string, named: boolean): Promise<{ jobId: string; job: object }> {
  const headers = { authorization: `Bearer ${key}` };
  const send = async (to: string, body: object | FormData) => {
    const isForm = body instanceof FormData;
    const answer = await fetch(url + to, {
      method: 'POST',
      headers: isForm ? headers : { ...headers, 'content-type': 'application/json' },
      body: isForm ? body : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${to} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { id: string };
  };
  const { id } = await send('/v1/datasets', { name: 'bench', kind: 'style_ref' });
  const form = new FormData();
  for (const hue of [0, 120, 240]) form.append('images', new Blob([await discPicture(hue)], { type: 'image/png' }), `${hue}.png`);
  await send(`/v1/datasets/${id}/images`, form);
  const annotations = named ? { name: 'bench', notes: 'A job with a name.' } : {};
  const job = { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: id }, ...annotations };
  return { jobId: (await send('/v1/training-jobs', job)).id, job };
}

/** Starts a job in the same way as a worker that claims it. */
async function startJob(databaseUrl: string, jobId: string): Promise<void> {
  const database = createDatabase(databaseUrl, { maxConnections: 1 });
  await database.trainingJobs.claim(jobId);
  await database.trainingJobs.start(jobId, 1);
  await database.close();
}

async function start(entry: string, settings: NodeJS.ProcessEnv, children: ChildProcess[]): Promise<string> {
  const port = await freePort();
  const env = environmentOf({ ...loadConfig(settings), port }, { PATH: path.dirname(process.execPath) });
  const child = forkTypeScript(entry, [], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + READY_MS; ; await sleep(200)) {
    if ((await fetch(`${url}/healthz`).catch(() => undefined))?.ok) return url;
    if (child.exitCode !== null || Date.now() > end) throw new Error(`${entry} does not answer`);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
