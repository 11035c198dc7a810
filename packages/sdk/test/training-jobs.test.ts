// Training jobs in the SDK: created, followed through broken connections, awaited, controlled. The test plays the worker.
import {
  APIConnectionError,
  APIUserAbortError,
  ConflictError,
  EvaluationError,
  NotFoundError,
  TrainingJobError,
  WaitTimeoutError,
} from '@styleforge/sdk';
import type { StyleForge, TrainingJobEvent } from '@styleforge/sdk';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { discPicture } from '@styleforge/testing';
import { startSdkFixture } from './service-fixture.ts';
import type { SdkFixture } from './service-fixture.ts';

let service: SdkFixture;
let client: StyleForge;
let datasetId: string;
beforeAll(async () => {
  service = await startSdkFixture();
  client = service.client();
  datasetId = (await client.datasets.create({ name: 'style', kind: 'style_ref' })).id;
  await client.datasets.upload(datasetId, await Promise.all([0, 120, 240].map(discPicture)));
});
afterAll(() => service.close());

const newJob = () =>
  client.trainingJobs.create({
    method: 'single-styleforge',
    base_model: 'tiny',
    style_ref: { dataset_id: datasetId },
    metadata: { team: 'sdk' },
  });
const progress = {
  step: 1,
  of: 2,
  loss: 0.5,
  style_ref_loss: 0.3,
  aux_loss: 0.2,
  grad_norm: 1,
  learning_rate: 1e-5,
  samples_per_second: 2,
  eta_seconds: 1,
};
const jobs = () => service.database.trainingJobs;
const run = async (id: string) => {
  await jobs().claim(id);
  await jobs().start(id, 1);
};
const finish = (id: string) => jobs().setStatus(id, { from: 'running', to: 'succeeded', attempt: 1 });
const describeEvent = (event: TrainingJobEvent) => (event.type === 'progress' ? `progress ${event.data.step}` : event.type);

async function readAll(events: AsyncIterable<TrainingJobEvent>): Promise<string[]> {
  const all: string[] = [];
  for await (const event of events) all.push(describeEvent(event));
  return all;
}

describe('events', () => {
  it('arrive when they happen and end with the job', async () => {
    const { id } = await newJob();
    const seen: string[] = [];
    for await (const event of client.trainingJobs.events(id)) {
      seen.push(describeEvent(event));
      if (event.type === 'job.queued') await jobs().claim(id);
      if (event.type === 'job.validating') await jobs().start(id, 1);
      if (event.type === 'job.running') await jobs().updateProgress(id, 1, progress);
      if (event.type === 'progress') await finish(id);
    }
    expect(seen).toEqual(['job.queued', 'job.validating', 'job.running', 'progress 1', 'job.succeeded']);
  });

  it('continue after a broken connection without losing or repeating one', async () => {
    const { id } = await newJob();
    await run(id);
    await finish(id);
    service.seen.length = 0;
    service.faults.push('refuse', { answer: 503 }, { cutAfter: 150 });
    expect(await readAll(client.trainingJobs.events(id))).toEqual(['job.queued', 'job.validating', 'job.running', 'job.succeeded']);
    expect(service.seen.length).toBeGreaterThanOrEqual(4);
    expect(service.seen.at(-1)?.headers['last-event-id']).toMatch(/^[123]$/);
    expect(await readAll(client.trainingJobs.events(id, { after: 2 }))).toEqual(['job.running', 'job.succeeded']);
    expect(await readAll(client.trainingJobs.events(id, { after: 4 }))).toEqual([]);
  });

  it('end when the caller stops, by break or by signal', async () => {
    const { id } = await newJob();
    for await (const { type } of client.trainingJobs.events(id)) if (type === 'job.queued') break;
    const stop = new AbortController();
    const reading = readAll(client.trainingJobs.events(id, { signal: stop.signal }));
    setTimeout(() => stop.abort(), 200);
    await expect(reading).rejects.toBeInstanceOf(APIUserAbortError);
    await expect(readAll(client.trainingJobs.events('job_none'))).rejects.toMatchObject({ status: 404 });
  });
});

describe('waitFor', () => {
  it('continues while the service is away for longer than a request is repeated, but not forever', async () => {
    const { id } = await newJob();
    await run(id);
    let leaves = async () => {
      service.faults.push('refuse', 'refuse', 'refuse');
      await finish(id);
    };
    const waiting = client.trainingJobs.waitFor(id, {
      pollInterval: 20,
      onProgress: () => void leaves().finally(() => (leaves = () => Promise.resolve())),
    });
    expect((await waiting).status).toBe('succeeded');
    let answers = 1;
    const away = service.client({
      maxRetries: 0,
      fetch: () => (answers-- > 0 ? Promise.resolve(Response.json({ status: 'running' })) : Promise.reject(new Error('away'))),
    });
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const gone = expect(away.trainingJobs.waitFor(id)).rejects.toBeInstanceOf(APIConnectionError);
    await vi.advanceTimersByTimeAsync(60_000);
    await gone;
    expect(answers).toBe(-9);
    await expect(away.trainingJobs.waitFor(id)).rejects.toBeInstanceOf(APIConnectionError);
    expect(answers).toBe(-10);
  });

  it('reports every change and resolves with the succeeded job', async () => {
    const { id } = await newJob();
    const seen: string[] = [];
    const done = client.trainingJobs.waitFor(id, {
      pollInterval: 20,
      onProgress: ({ status, progress: at }) => seen.push(`${status} ${at.step}`),
    });
    await expect.poll(() => seen.at(-1)).toBe('queued 0');
    await run(id);
    await jobs().updateProgress(id, 1, progress);
    await expect.poll(() => seen.at(-1)).toBe('running 1');
    await finish(id);
    expect((await done).status).toBe('succeeded');
    expect(seen.at(-1)).toBe('succeeded 1');
  });

  it('throws for a job that was cancelled or failed, with the job', async () => {
    const { id } = await newJob();
    expect((await client.trainingJobs.cancel(id)).status).toBe('cancelled');
    const error = await client.trainingJobs.waitFor(id).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TrainingJobError);
    expect(error).toMatchObject({ message: `The training job ${id} is cancelled`, job: { id, status: 'cancelled' } });
  });

  it('gives up after its time limit or at the signal, and does not affect the job', async () => {
    const { id } = await newJob();
    await expect(client.trainingJobs.waitFor(id, { timeout: 60, pollInterval: 20 })).rejects.toBeInstanceOf(WaitTimeoutError);
    await expect(client.trainingJobs.waitFor(id, { signal: AbortSignal.timeout(60) })).rejects.toBeInstanceOf(APIUserAbortError);
    expect((await client.trainingJobs.get(id)).status).toBe('queued');
  });
});

it('lists, pauses, resumes and reads the results of a job', async () => {
  const { id } = await newJob();
  expect((await client.trainingJobs.list({ status: 'queued', metadata: ['team:sdk'] })).data[0]?.id).toBe(id);
  expect((await client.trainingJobs.pause(id)).status).toBe('paused');
  expect((await client.trainingJobs.resume(id)).status).toBe('queued');
  expect([await client.trainingJobs.metrics(id), await client.trainingJobs.checkpoints(id), await client.trainingJobs.images(id)]).toEqual([
    [],
    [],
    [],
  ]);
});

it('runs studies and generations up to the point where a worker takes over', async () => {
  const study = await client.studies.create({
    name: 'rates',
    job: { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: datasetId } },
    grid: [{ pointer: '/hyperparameters/learning_rate', values: [1e-4, 1e-5] }],
  });
  expect(study.report.map(({ name }) => name)).toEqual(['learning_rate=0.0001', 'learning_rate=0.00001']);
  for (const { training_job_id } of study.report) await client.trainingJobs.cancel(training_job_id);
  expect((await client.studies.waitFor(study.id)).status).toBe('finished');
  const generation = await client.images.generate({ model: 'tiny', prompts: ['a house'], steps: 2 });
  expect(generation).toMatchObject({ status: 'queued', images: [] });
  await expect(client.images.waitFor(generation.id, { timeout: 30, pollInterval: 10 })).rejects.toThrow(
    `The generation ${generation.id} has not ended within 30 ms`,
  );
});

it('runs evaluations up to the point where a worker takes over, and explains why there is no report', async () => {
  const { id, status, config } = await client.evaluations.create({
    model: 'tiny',
    prompts: ['a house', 'a cat'],
    metrics: ['clip'],
    clip_extractor: 'mini-clip',
  });
  expect([status, config.models.map(({ name }) => name)]).toEqual(['queued', ['tiny']]);
  expect((await client.evaluations.list({ limit: 1 })).data[0]?.id).toBe(id);
  expect(await client.evaluations.images(id)).toEqual([]);
  await expect(client.evaluations.report(id)).rejects.toBeInstanceOf(ConflictError);
  await expect(client.evaluations.reportPage(id)).rejects.toMatchObject({ code: 'status_conflict' });
  expect((await client.evaluations.cancel(id)).status).toBe('cancelled');
  const error = await client.evaluations.waitFor(id).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EvaluationError);
  expect(error).toMatchObject({ message: `The evaluation ${id} is cancelled`, evaluation: { id } });
  const job = await newJob();
  await expect(client.trainingJobs.report(job.id)).rejects.toBeInstanceOf(NotFoundError);
  await expect(client.trainingJobs.reportPage(job.id)).rejects.toThrow('has no evaluation yet');
});
