// Pausing and resuming over HTTP, with this test in the worker's part: what the service asks of the worker, and what it refuses.
import type { TrainingJobBody } from '@styleforge/contracts';
import { checkpointPrefix } from '@styleforge/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let styleRef: string;
beforeAll(async () => {
  api = await startApiFixture();
  styleRef = await createDataset(api, 'style_ref');
});
afterAll(() => api.close());

const progress = {
  step: 3,
  of: 10,
  loss: 0.5,
  style_ref_loss: 0.5,
  aux_loss: null,
  grad_norm: 1,
  learning_rate: 2e-5,
  samples_per_second: 3,
  eta_seconds: 7,
};

async function create(datasetId = styleRef): Promise<string> {
  const body = {
    method: 'single-styleforge',
    base_model: 'tiny',
    style_ref: { dataset_id: datasetId },
    hyperparameters: { max_train_steps: 10, lr_warmup_steps: 4, lr_scheduler: 'linear' },
  };
  return (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body })).body.id;
}
const pause = (id: string) => api.call<TrainingJobBody>('POST', `/v1/training-jobs/${id}/pause`);
const resume = (id: string, body?: object) => api.call<TrainingJobBody>('POST', `/v1/training-jobs/${id}/resume`, { body });
const jobs = () => api.database.trainingJobs;
const eventTypes = async (id: string) => (await api.database.events.list(id, 0, 100)).map(({ type }) => type);
const emptyOutbox = () => api.database.outbox.release({ topic: 'train', room: async () => 1000, publish: async () => undefined });
const run = async (id: string) => {
  const claimed = await jobs().claim(id);
  await jobs().start(id, claimed?.attempt ?? 0);
};

async function saveCheckpoint(id: string, step: number): Promise<string> {
  const objectPrefix = checkpointPrefix(api.projectId, id, step, 1);
  return (await api.database.checkpoints.record({ projectId: api.projectId, jobId: id, step, objectPrefix, files: [] })).id;
}

/** The status that the worker sets when it has read the request. */
async function pauseAt(id: string, step: number): Promise<void> {
  await run(id);
  await pause(id);
  await saveCheckpoint(id, step);
  await jobs().setStatus(id, { from: 'pausing', to: 'paused', attempt: 1 });
}

describe('pausing', () => {
  it('pauses a queued job immediately, so that no worker claims it, and can be repeated', async () => {
    const id = await create();
    expect(await pause(id)).toMatchObject({ status: 202, body: { status: 'paused' } });
    expect(await pause(id)).toMatchObject({ status: 202, body: { status: 'paused' } });
    expect(await jobs().claim(id)).toBeNull();
    expect(await eventTypes(id)).toEqual(['job.queued', 'job.paused']);
  });

  it('asks the worker of a running job, which confirms when its checkpoint is saved', async () => {
    const id = await create();
    await run(id);
    expect(await jobs().updateProgress(id, 1, progress)).toEqual({ cancelRequested: false, pauseRequested: false, requests: [] });
    expect((await pause(id)).body.status).toBe('pausing');
    expect((await pause(id)).body.status).toBe('pausing');
    expect(await jobs().updateProgress(id, 1, progress)).toEqual({ cancelRequested: false, pauseRequested: true, requests: [] });
    expect((await resume(id)).body).toMatchObject({ status: 409, code: 'status_conflict' });
    await jobs().setStatus(id, { from: 'pausing', to: 'paused', attempt: 1 });
    expect((await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${id}`)).body.status).toBe('paused');
    expect(await eventTypes(id)).toEqual(['job.queued', 'job.validating', 'job.running', 'job.pausing', 'job.paused']);
  });

  it('lets a job that ended before it could pause succeed, and gives cancelling precedence', async () => {
    const done = await create();
    await run(done);
    await pause(done);
    await jobs().setStatus(done, { from: ['running', 'pausing'], to: 'succeeded', attempt: 1 });
    expect((await pause(done)).body).toMatchObject({ status: 409, code: 'status_conflict' });
    const cancelled = await create();
    await run(cancelled);
    await pause(cancelled);
    await api.call('POST', `/v1/training-jobs/${cancelled}/cancel`);
    expect(await jobs().updateProgress(cancelled, 1, progress)).toMatchObject({ cancelRequested: true });
  });

  it('refuses a job that cannot pause or resume, with its state and a remedy', async () => {
    const detail = async (answer: ReturnType<typeof pause>) => {
      const { status, body } = await answer;
      expect(status).toBe(409);
      return (body as unknown as { detail: string }).detail;
    };
    const id = await create();
    await run(id);
    expect(await detail(resume(id, { max_train_steps: 20 }))).toMatch(
      /is running: max_train_steps can be changed when it is paused or has ended\. Pause it/,
    );
    await api.call('POST', `/v1/training-jobs/${id}/cancel`);
    expect(await detail(pause(id))).toMatch(
      /is being cancelled and can no longer be paused\. .* wait until it is cancelled, then resume it/,
    );
    expect(await detail(resume(id))).toMatch(/is being cancelled: wait until it is cancelled, then resume it/);
    await jobs().setStatus(id, { from: 'running', to: 'cancelled', attempt: 1 });
    expect(await detail(pause(id))).toMatch(/has ended \(cancelled\): only a queued or running job can be paused/);
    const pausing = await create();
    await run(pausing);
    await pause(pausing);
    expect(await detail(resume(pausing))).toMatch(/is pausing: wait until it is paused/);
    const evaluating = await create();
    await run(evaluating);
    await jobs().setStatus(evaluating, { from: 'running', to: 'evaluating', attempt: 1 });
    expect(await detail(pause(evaluating))).toMatch(/is evaluating: its training is done, .* Wait until it has finished, or cancel it/);
  });

  it('finds no job of another project', async () => {
    const id = await create();
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    for (const action of ['pause', 'resume', 'cancel'])
      expect((await api.call('POST', `/v1/training-jobs/${id}/${action}`, { key })).status).toBe(404);
    expect(await eventTypes(id)).toEqual(['job.queued']);
  });
});

describe('resuming', () => {
  it('puts a paused job back into the queue once, however often it is requested', async () => {
    const id = await create();
    await pauseAt(id, 3);
    await emptyOutbox();
    const answers = await Promise.all(Array.from({ length: 8 }, () => resume(id)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(202));
    expect(await api.database.outbox.count()).toBe(1);
    expect(await jobs().claim(id)).toMatchObject({
      status: 'validating',
      attempt: 2,
      config: { hyperparameters: { max_train_steps: 10 } },
    });
    expect((await resume(id)).body).toMatchObject({ status: 'validating' });
    expect(await eventTypes(id)).toEqual([
      'job.queued',
      'job.validating',
      'job.running',
      'job.pausing',
      'job.paused',
      'job.resumed',
      'job.validating',
    ]);
  });

  it('lets a finished job continue for more steps, and clears its earlier result', async () => {
    const id = await create();
    await run(id);
    const checkpointId = await saveCheckpoint(id, 10);
    await jobs().setStatus(id, { from: 'running', to: 'succeeded', attempt: 1, result: { final_step: 10, checkpoint_id: checkpointId } });
    for (const body of [undefined, { max_train_steps: 9 }]) {
      expect((await resume(id, body)).body).toMatchObject({
        status: 422,
        code: 'validation_failed',
        errors: [{ pointer: '/max_train_steps' }],
      });
    }
    expect((await resume(id, { max_train_steps: 10 })).body).toMatchObject({ status: 'succeeded' });
    const resumed = (await resume(id, { max_train_steps: 15 })).body;
    expect(resumed).toMatchObject({
      status: 'queued',
      result: null,
      finished_at: null,
      config: { hyperparameters: { max_train_steps: 15 } },
    });
    expect((await resume(id, { max_train_steps: 15 })).body.status).toBe('queued');
    expect((await resume(id, { max_train_steps: 16 })).body).toMatchObject({ status: 409, code: 'status_conflict' });
    expect(await jobs().claim(id)).toMatchObject({ attempt: 2, config: { hyperparameters: { max_train_steps: 15 } } });
  });

  it('tries a failed or cancelled job again, without its earlier error and cancellation', async () => {
    const failed = await create();
    await run(failed);
    await jobs().setStatus(failed, { from: 'running', to: 'failed', error: { code: 'worker_died', message: 'x', retryable: true } });
    expect((await resume(failed)).body).toMatchObject({ status: 'queued', error: null });
    const cancelled = await create();
    await api.call('POST', `/v1/training-jobs/${cancelled}/cancel`);
    expect((await resume(cancelled)).body).toMatchObject({ status: 'queued', cancel_requested: false });
    expect(await jobs().claim(cancelled)).toMatchObject({ status: 'validating', cancelRequestedAt: null });
  });

  it('refuses fewer steps than are done or used for warm-up, unknown fields, and a job whose dataset is deleted', async () => {
    const id = await create();
    await pauseAt(id, 3);
    expect((await resume(id, { max_train_steps: 3 })).body).toMatchObject({
      errors: [{ pointer: '/max_train_steps', detail: expect.stringContaining('3 steps') }],
    });
    const warming = await create();
    await pause(warming);
    expect((await resume(warming, { max_train_steps: 3 })).body).toMatchObject({
      errors: [{ detail: expect.stringContaining('lr_warmup_steps') }],
    });
    expect((await resume(warming, { steps: 30 })).body).toMatchObject({ status: 422, errors: [{ pointer: '/steps' }] });
    const dataset = await createDataset(api, 'style_ref');
    const gone = await create(dataset);
    await api.call('POST', `/v1/training-jobs/${gone}/cancel`);
    expect((await api.call('DELETE', `/v1/datasets/${dataset}`)).status).toBe(204);
    expect((await resume(gone)).body).toMatchObject({ status: 422, code: 'unusable_dataset' });
  });

  it('repeats the first response for a repeated Idempotency-Key', async () => {
    const id = await create();
    await pause(id);
    const send = () =>
      api.call<TrainingJobBody>('POST', `/v1/training-jobs/${id}/resume`, { headers: { 'idempotency-key': `resume ${id}` } });
    const first = await send();
    await jobs().claim(id);
    const second = await send();
    expect([second.body, second.headers['idempotency-replayed']]).toEqual([first.body, 'true']);
  });
});
