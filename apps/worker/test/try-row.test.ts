// What becomes of a row when its try fails, in a real database: whose fault it was, and how often it happened since something was saved.
import { trainingConfig as trainingConfigSchema } from '@styleforge/contracts';
import type { TrainingJobRow } from '@styleforge/database';
import { PermanentJobError } from '@styleforge/queue';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import {
  createLogger,
  DiskRoom,
  JobInputError,
  Leases,
  NewerSettingsError,
  ProcessDiedError,
  readSettings,
  tryRow,
  verdictOf,
} from '@styleforge/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let fixture: TestDatabase;
let projectId: string;
let jobId: string;
beforeAll(async () => {
  fixture = await startTestDatabase();
  ({ projectId } = await fixture.database.apiKeys.createProject('test'));
});
afterAll(() => fixture.close());
beforeEach(async () => {
  const { datasets, trainingJobs } = fixture.database;
  const { id } = await datasets.create(projectId, { name: 'style', kind: 'style_ref' });
  jobId = (await trainingJobs.create({ projectId, config: trainingConfig(id) }))?.id ?? '';
});

const claim = async () => (await fixture.database.trainingJobs.claim(jobId)) as TrainingJobRow;
const status = async () => (await fixture.database.trainingJobs.get(jobId))?.status;
const save = (step: number) => fixture.database.checkpoints.record({ projectId, jobId, step, objectPrefix: `p/${step}/`, files: [] });

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
const roomy = new DiskRoom({ directories: [], leastBytes: 0 });

function tryJob({ attempt, setbacks }: TrainingJobRow, work: () => Promise<'finished' | 'handed-back'>, room = roomy) {
  const { trainingJobs } = fixture.database;
  const row = {
    ...({ table: 'training_jobs', queue: 'train', id: jobId, attempt, setbacks } as const),
    fail: (error: Parameters<typeof trainingJobs.setStatus>[1]['error'] & object) =>
      trainingJobs.setStatus(jobId, { from: ['validating', 'running'], to: 'failed', attempt, error }),
  };
  return tryRow(row, { leases: new Leases(fixture.database), room, log: createLogger('silent') }, work);
}
const failing = (error: Error) => async (): Promise<'finished'> => {
  throw error;
};

describe('workers that die during a job', () => {
  it('end it at the third time without a new checkpoint, and never while there are new ones', async () => {
    for (let step = 1; step <= 8; step += 1) {
      const { setbacks } = await claim();
      expect(setbacks).toBe(step === 1 ? 0 : 1);
      await save(step);
    }
    // The same step once more is nothing new.
    for (const expected of [1, 2]) {
      expect(await claim()).toMatchObject({ setbacks: expected });
      await save(8);
    }
    let ran = false;
    const third = await claim();
    const given = tryJob(third, async () => {
      ran = true;
      return 'finished';
    });
    await expect(given).rejects.toThrow(PermanentJobError);
    expect(ran).toBe(false);
    expect(await fixture.database.trainingJobs.get(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'worker_died' },
      leaseUntil: null,
    });
    await fixture.database.trainingJobs.resume(projectId, jobId);
    expect(await claim()).toMatchObject({ setbacks: 0 });
  });

  it('do not count if they stop in order', async () => {
    for (let stop = 0; stop < 6; stop += 1) {
      const job = await claim();
      expect(job.setbacks).toBe(0);
      expect(await tryJob(job, async () => 'handed-back')).toBe('handed-back');
    }
  });
});

it('a failed attempt is repeated, and the third without progress ends the job', async () => {
  const died = new ProcessDiedError('the process ended by SIGKILL');
  expect(await tryJob(await claim(), failing(died))).toBe('again');
  await save(1);
  expect(await tryJob(await claim(), failing(died))).toBe('again');
  expect(await tryJob(await claim(), failing(died))).toBe('again');
  await expect(tryJob(await claim(), failing(died))).rejects.toThrow(PermanentJobError);
  expect(await fixture.database.trainingJobs.get(jobId)).toMatchObject({ status: 'failed', error: { code: 'process_died' } });
});

it('an unavailable dependency does not count as an attempt, however often it happens', async () => {
  const away = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  for (let outage = 0; outage < 6; outage += 1) {
    const job = await claim();
    expect(job.setbacks).toBe(0);
    await expect(tryJob(job, failing(away))).rejects.toBe(away);
  }
  expect(await status()).toBe('validating');
});

it('a full disk does not count as an attempt, and with enough free space three attempts are the limit', async () => {
  const short = new DiskRoom({ directories: ['/'], leastBytes: 1_000, freeBytes: async () => 999 });
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const job = await claim();
    expect(job.setbacks).toBe(0);
    await expect(tryJob(job, failing(full), short)).rejects.toBe(full);
  }
  expect(await tryJob(await claim(), failing(full))).toBe('again');
  expect(await tryJob(await claim(), failing(full))).toBe('again');
  await expect(tryJob(await claim(), failing(full))).rejects.toThrow(PermanentJobError);
  expect(await fixture.database.trainingJobs.get(jobId)).toMatchObject({
    status: 'failed',
    error: { code: 'storage_full', retryable: true },
  });
});

it('a job that waits for space is cancelled immediately, and one that a worker owns by that worker', async () => {
  const { trainingJobs } = fixture.database;
  const first = await claim();
  const short = new DiskRoom({ directories: ['/'], leastBytes: 1, freeBytes: async () => 0 });
  await expect(tryJob(first, failing(full), short)).rejects.toBe(full);
  expect(await trainingJobs.requestCancel(projectId, jobId)).toMatchObject({ status: 'cancelled' });
  expect(await trainingJobs.claim(jobId)).toBeNull();
  const other = await trainingJobs.create({ projectId, config: first.config });
  await trainingJobs.claim(other?.id ?? '');
  expect(await trainingJobs.requestCancel(projectId, other?.id ?? '')).toMatchObject({ status: 'validating' });
});

it('work of a newer version does not count as an attempt, however often an older worker claims it', async () => {
  const { config } = (await fixture.database.trainingJobs.get(jobId)) as TrainingJobRow;
  const newer = { ...config, hyperparameters: { ...config.hyperparameters, setting_of_tomorrow: true } };
  for (let taken = 0; taken < 6; taken += 1) {
    const job = await claim();
    expect(job.setbacks).toBe(0);
    const tried = tryJob(job, async () => {
      readSettings(trainingConfigSchema, newer);
      return 'finished';
    });
    expect(await tried).toBe('again');
  }
  expect(await status()).toBe('validating');
});

it.each<[Record<string, object | string>, string]>([
  [{ hyperparameters: { setting_of_tomorrow: 1 } }, '/hyperparameters/setting_of_tomorrow'],
  [{ method: 'method-of-tomorrow' }, '/method'],
  [{ adaptation: { kind: 'kind-of-tomorrow' } }, '/adaptation/kind'],
])('%j belongs to a newer version, which is distinguished from damaged settings', async (changes, where) => {
  const { config } = (await fixture.database.trainingJobs.get(jobId)) as TrainingJobRow;
  const hyperparameters = { ...config.hyperparameters, ...(changes['hyperparameters'] as object | undefined) };
  const read = (more: object) => () => readSettings(trainingConfigSchema, { ...config, ...changes, hyperparameters, ...more });
  expect(read({})).toThrow(NewerSettingsError);
  expect(read({})).toThrow(`this worker does not know ${where}: a worker of the version that created the job`);
  expect(read({ base_model: 7 })).not.toThrow(NewerSettingsError);
  expect(read({ base_model: 7 })).toThrow();
});

it('invalid input ends the job immediately, with its own code', async () => {
  await expect(tryJob(await claim(), failing(new JobInputError('images: too few', 'too_few_images')))).rejects.toThrow('images: too few');
  expect(await fixture.database.trainingJobs.get(jobId)).toMatchObject({
    status: 'failed',
    error: { code: 'too_few_images', retryable: false },
  });
});

it.each([
  [new Error('oops'), 'again'],
  [Object.assign(new Error('x'), { code: 'ENOSPC' }), 'disk-full'],
  [new Error('outer', { cause: Object.assign(new Error('inner'), { code: '57P01' }) }), 'away'],
  [Object.assign(new Error("Can't reach database server at 127.0.0.1"), { code: 'P1001' }), 'away'],
  [new Error('Connection terminated unexpectedly'), 'away'],
  [Object.assign(new Error('x'), { name: 'SlowDown', $metadata: { httpStatusCode: 503 } }), 'away'],
  [new AggregateError([Object.assign(new Error(''), { code: 'ETIMEDOUT' })]), 'away'],
])('%s is %s', (error, kind) => {
  expect(verdictOf(error).kind).toBe(kind);
});

it('a stopped database is recognized as unavailable, through Prisma and through the driver', async () => {
  const { createDatabase } = await import('@styleforge/database');
  const gone = createDatabase('postgres://nobody:x@127.0.0.1:1/none');
  const fromPrisma: unknown = await gone.trainingJobs.get(jobId).catch((error: unknown) => error);
  const fromTransaction: unknown = await gone.trainingJobs.claim(jobId).catch((error: unknown) => error);
  const fromDriver: unknown = await gone.exclusively('x', async () => 1).catch((error: unknown) => error);
  expect([fromPrisma, fromTransaction, fromDriver].map((error) => verdictOf(error).kind)).toEqual(['away', 'away', 'away']);
  await gone.close();
});
