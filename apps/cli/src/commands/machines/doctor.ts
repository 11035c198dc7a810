// `styleforge doctor`: checks everything that a job needs, and says what to repair.
import { APIConnectionError, AuthenticationError, PermissionDeniedError, StyleForge } from '@styleforge/sdk';
import type { BaseModel, Readiness } from '@styleforge/sdk';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { BadResult } from '../../exit-codes.ts';
import { addVerb } from '../../verb.ts';
import type { Check } from './doctor-check.ts';
import { localDeviceChecks } from './local-devices.ts';
import { workerChecks } from './worker-checks.ts';

const OLDEST_NODE = [20, 19] as const;

/** Remedy for each dependency of the service that is down. */
const REMEDIES: Record<string, string> = {
  database:
    'Start Postgres and check DATABASE_URL; without DATABASE_URL, `npm start` uses an embedded Postgres. The log ' +
    'of the API contains the cause.',
  queue: 'Check REDIS_URL, and that Redis runs; without REDIS_URL, the queue is stored in Postgres.',
  object_store: 'Check S3_BUCKET, S3_ENDPOINT and its keys, or that OBJECT_STORE_DIRECTORY can be written to.',
  migrations: 'Start the API with MIGRATE_ON_START=true, or run the job that migrates the database.',
  disk_space:
    'Free space in DATA_DIRECTORY, shorten the retention times (RETENTION_CHECKPOINT_DAYS and others), or lower MIN_FREE_DISK_MB.',
};

export function addDoctorCommand(program: Command): void {
  addVerb(program, {
    usage: 'doctor',
    description:
      'Check Node, the devices of this machine, the service and its dependencies, the key, the weights and the ' +
      'workers, and show how to repair each fault',
    examples: ['styleforge doctor'],
    run: examine,
  });
}

async function examine(context: Context): Promise<void> {
  const { output, environment } = context;
  const checks = [nodeCheck(), ...(await localDeviceChecks(environment)), ...(await serviceChecks(context))];
  const failed = checks.filter(({ status }) => status === 'failed').length;
  output.result({ status: failed === 0 ? 'ok' : 'failed', checks }, () => {
    for (const { name, status, detail, remedy } of checks) {
      const mark =
        status === 'ok' ? output.style('green', 'ok  ') : status === 'failed' ? output.style('red', 'FAIL') : output.style('dim', 'skip');
      output.line(`${mark}  ${name.padEnd(14)}  ${detail}`);
      if (status !== 'ok' && remedy) output.line(`${' '.repeat(22)}${output.style('yellow', remedy)}`);
    }
  });
  if (failed > 0) throw new BadResult(`${failed} of ${checks.length} checks failed`);
}

function nodeCheck(): Check {
  const { node } = process.versions;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const isNew = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return {
    name: 'node',
    status: isNew ? 'ok' : 'failed',
    detail: node,
    remedy: `Install Node ${OLDEST_NODE.join('.')} or newer from https://nodejs.org`,
  };
}

async function serviceChecks({ baseUrl, apiKey }: Context): Promise<Check[]> {
  // Readiness is public, so that it can be read before there is a key.
  const client = new StyleForge({ apiKey: apiKey ?? 'none', baseUrl, maxRetries: 1, timeout: 15_000 });
  let readiness: Readiness;
  try {
    readiness = await client.readiness();
  } catch (error) {
    if (!(error instanceof APIConnectionError)) throw error;
    const skipped = ['dependencies', 'key', 'weights', 'worker', 'device'].map(
      (name): Check => ({ name, status: 'skipped', detail: 'the service does not respond' }),
    );
    return [
      {
        name: 'service',
        status: 'failed',
        detail: error.message,
        remedy: 'Start it with `npm start`, or name its address: --base-url, STYLEFORGE_BASE_URL, `styleforge login`.',
      },
      ...skipped,
    ];
  }
  return [{ name: 'service', status: 'ok', detail: baseUrl }, ...dependencyChecks(readiness), ...(await keyChecks(client, apiKey))];
}

function dependencyChecks({ dependencies }: Readiness): Check[] {
  return Object.entries(dependencies).map(([name, { status, detail }]) => ({
    name,
    status: status === 'up' ? 'ok' : 'failed',
    detail: detail ?? status,
    remedy: REMEDIES[name] ?? 'The log of the API contains the reason.',
  }));
}

/** Checks the key, and then what only a valid key can read. */
async function keyChecks(client: StyleForge, apiKey: string | undefined): Promise<Check[]> {
  const remedy = 'Run `styleforge login` with a key; `npm start -- --new-key` creates one.';
  if (apiKey === undefined) return [{ name: 'key', status: 'failed', detail: 'none', remedy }];
  let models: BaseModel[];
  try {
    models = await client.baseModels.list();
  } catch (error) {
    if (!(error instanceof AuthenticationError) && !(error instanceof PermissionDeniedError)) throw error;
    return [{ name: 'key', status: 'failed', detail: error.message, remedy }];
  }
  return [{ name: 'key', status: 'ok', detail: `${apiKey.slice(0, 9)}...` }, modelCheck(models), ...(await workerChecks(client))];
}

function modelCheck(models: BaseModel[]): Check {
  const usable = models.filter(({ size_bytes }) => size_bytes > 0);
  const detail = models.map(({ name, size_bytes }) => `${name}${size_bytes > 0 ? '' : ' (no weights)'}`).join(', ') || 'none';
  return {
    name: 'weights',
    status: usable.length > 0 ? 'ok' : 'failed',
    detail,
    remedy: 'Put a diffusers folder into BASE_MODELS_DIRECTORY; the repository ships models/styleforge-mini.',
  };
}
