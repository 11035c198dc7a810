// What a running job tells of its progress, in a real database: the time left is there from the second step on, and shrinks with every step
// at one pace.
import { clientOf } from '@styleforge/database/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@styleforge/config';
import { type JobProgress, METHOD_HYPERPARAMETERS } from '@styleforge/contracts';
import type { TrainingJobRow } from '@styleforge/database';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import { createLogger, type Hold, holdRow, Leases, ProgressRecorder, type Wish } from '@styleforge/worker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';

const STEPS = 100;
const measured = {
  type: 'progress' as const,
  stepSeconds: 2,
  peakMemoryBytes: 1e9,
  card: null,
  of: STEPS,
  loss: 0.5,
  styleRefLoss: 0.3,
  auxLoss: 0.2,
  gradNorm: 1,
  learningRate: 1e-5,
  samplesPerSecond: 2,
};

let fixture: TestDatabase;
let job: TrainingJobRow;
let recorder: ProgressRecorder;
let hold: Hold;
let wish: Wish | null = null;
let queue: AbortController;

beforeAll(async () => {
  fixture = await startTestDatabase();
});
afterAll(() => fixture.close());

beforeEach(async () => {
  wish = null;
  queue = new AbortController();
  const { apiKeys, datasets, trainingJobs } = fixture.database;
  const { projectId } = await apiKeys.createProject('test');
  const { id: datasetId } = await datasets.create(projectId, { name: 'style', kind: 'style_ref' });
  const created = await trainingJobs.create({
    projectId,
    config: trainingConfig(datasetId, { hyperparameters: { ...METHOD_HYPERPARAMETERS, max_train_steps: STEPS } }),
  });
  job = (await trainingJobs.claim(created?.id ?? ''))!;
  await trainingJobs.start(job.id, job.attempt);
  // The test sets the pace of the training; everything else follows the real clock.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const services = {
    database: fixture.database,
    settings: loadConfig({}).worker,
    leases: new Leases(fixture.database),
    log: createLogger('silent'),
  };
  recorder = new ProgressRecorder(job, null, services);
  const beat = async () => (await recorder.write()) && wish;
  hold = holdRow({ table: 'training_jobs', id: job.id, attempt: job.attempt }, { signal: queue.signal, beat }, services);
});
afterEach(async () => {
  await hold.end();
  vi.useRealTimers();
});

/** Reports a step as the child does; returns the row when it has been written. */
async function step(number: number, secondsLater: number): Promise<JobProgress> {
  vi.setSystemTime(Date.now() + secondsLater * 1_000);
  recorder.add({ ...measured, step: number });
  for (;;) {
    const { progress } = (await fixture.database.trainingJobs.get(job.id))!;
    if (progress?.step === number) return progress;
    await sleep(20);
  }
}

it('is unknown at the first step, then estimated from the pace so far, until nothing is left', async () => {
  expect((await step(1, 2)).eta_seconds).toBeNull();
  const left = [];
  for (const number of [2, 3, 4]) left.push((await step(number, 2)).eta_seconds);
  expect(left).toEqual([196, 194, 192]);
  for (let number = 5; number < STEPS; number++) {
    vi.setSystemTime(Date.now() + 2_000);
    recorder.add({ ...measured, step: number });
  }
  expect((await step(STEPS, 2)).eta_seconds).toBe(0);
});

it('follows the pace of the last half minute, and counts from the step where a training was resumed', async () => {
  await step(60, 1);
  expect((await step(61, 1)).eta_seconds).toBe(39);
  // From now on a step takes longer than that.
  expect((await step(62, 40)).eta_seconds).toBe(38 * 40);
  expect((await step(63, 50)).eta_seconds).toBe(37 * 50);
  expect((await step(64, 10)).eta_seconds).toBe(36 * 10);
});

const leaseOf = async () =>
  (await clientOf(fixture.database).trainingJob.findUniqueOrThrow({ where: { id: job.id }, select: { leaseUntil: true } })).leaseUntil!;

it('renews the lease of its row, and at the end writes once more what has changed since the last time', async () => {
  const before = await leaseOf();
  await step(1, 11);
  expect((await leaseOf()).getTime()).toBeGreaterThan(before.getTime());
  recorder.add({ ...measured, step: 2 });
  await hold.end();
  expect((await fixture.database.trainingJobs.get(job.id))?.progress?.step).toBe(2);
});

it('ends for the first reason, whether it comes from the row or from the queue', async () => {
  const aborted = new Promise((done) => hold.signal.addEventListener('abort', done, { once: true }));
  wish = 'paused';
  await aborted;
  expect(hold.reason()).toBe('paused');
  queue.abort('shutdown');
  hold.lost();
  expect(hold.reason()).toBe('paused');
});

it('detects that another worker has taken over the row, in any of its writes', async () => {
  const aborted = new Promise((done) => hold.signal.addEventListener('abort', done, { once: true }));
  await fixture.database.trainingJobs.claim(job.id);
  recorder.add({ ...measured, step: 1 });
  await aborted;
  expect(hold.reason()).toBe('superseded');
});
