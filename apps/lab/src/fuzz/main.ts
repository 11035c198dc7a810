// `npm run fuzz`: runs Schemathesis against every route of a new service, whose project contains one object of each kind.
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@styleforge/config';
import { readCommandLine } from '../command-line.ts';
import { numberOption } from '../options.ts';
import { type RunningService, startService } from '../start/start-service.ts';
import { Project, seedProject } from './seed-project.ts';

const program = {
  usage: 'npm run fuzz --',
  about:
    'Starts a service whose project contains one object of each kind, and tests every route of its OpenAPI ' +
    'document with Schemathesis. Exits with 1 for a 5xx, or for a status or body that the document does not ' +
    'describe. Needs `pip install schemathesis==4.32.5`.',
  options: {
    schemathesis: { type: 'string', default: 'schemathesis', help: 'the program' },
    examples: { type: 'string', default: '10', help: 'generated requests for each operation, at most' },
    seed: { type: 'string', default: '1', help: 'seed of all random choices' },
    phases: { type: 'string', default: 'examples,coverage,fuzzing,stateful', help: 'phases of Schemathesis' },
    model: { type: 'string', default: 'styleforge-mini', help: 'base model of the project' },
    'models-directory': { type: 'string', default: 'models', help: 'folder of base models' },
    resolution: { type: 'string', default: '64', help: 'resolution of the project' },
    report: { type: 'string', default: '.styleforge/fuzz', help: 'folder for the report, one JSON line for each scenario' },
    operation: { type: 'string', multiple: true, help: 'only the operation of this id' },
  },
} as const;

const { values } = readCommandLine(program);
process.exitCode = await fuzz();

async function fuzz(): Promise<number> {
  const numbers = { examples: numberOption('examples', values.examples), seed: numberOption('seed', values.seed, { least: 0 }) };
  if (spawnSync(values.schemathesis, ['--version']).error) {
    console.error(`${values.schemathesis} is not installed: pip install schemathesis==4.32.5, or name it with --schemathesis PATH`);
    return 1;
  }
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-fuzz-'));
  const config = loadConfig({
    ...{
      PORT: '0',
      LOG_LEVEL: 'warn',
      DATA_DIRECTORY: join(directory, 'data'),
      BASE_MODELS_DIRECTORY: resolve(values['models-directory']),
    },
    ...{ RATE_LIMIT_REQUESTS: '0', WRONG_KEYS_PER_MINUTE: '0', MAX_QUEUED_JOBS_PER_PROJECT: '1000000' },
  });
  const service = await startService({ config });
  try {
    const project = new Project(service.url, service.apiKey ?? '');
    const seeded = await seedProject(project, values.model, numberOption('resolution', values.resolution));
    await writeFile(join(directory, 'seeded.json'), JSON.stringify(seeded));
    const hooks = fileURLToPath(new URL('hooks.py', import.meta.url));
    await writeFile(join(directory, 'schemathesis.toml'), `hooks = ${JSON.stringify(hooks)}\n`);
    return await runSchemathesis(service, directory, numbers);
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function runSchemathesis({ url, apiKey }: RunningService, cwd: string, { examples, seed }: { examples: number; seed: number }) {
  const report = resolve(values.report);
  await mkdir(report, { recursive: true });
  const args = [
    ...['run', `${url}/openapi.json`, '--header', `Authorization: Bearer ${apiKey}`, '--no-color', '--continue-on-failure'],
    ...['--phases', values.phases, '--max-examples', String(examples), '--seed', String(seed), '--request-timeout', '60'],
    ...['--report', 'ndjson', '--report-dir', report, '--generation-database', 'none'],
    // The document cannot state which names and ids exist, so valid requests with unknown ones are refused.
    ...['--exclude-checks', 'positive_data_acceptance'],
    ...(values.operation ?? []).flatMap((id) => ['--include-operation-id', id]),
  ];
  const child = spawn(values.schemathesis, args, { cwd, stdio: 'inherit' });
  return new Promise<number>((done, fail) => child.once('error', fail).once('exit', (code) => done(code ?? 1)));
}
