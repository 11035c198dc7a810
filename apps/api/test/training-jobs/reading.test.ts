// Training jobs over HTTP: lists, filters, log, curves and checkpoints.
import { clientOf } from '@styleforge/database/testing';
import { createHash } from 'node:crypto';
import { checkpointPrefix } from '@styleforge/storage';
import { type TrainingJobBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api, create, setUp, styleRef, tearDown } from './job-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('reading jobs', () => {
  it('filters, pages and hides other projects', async () => {
    for (let others = 0; others < 3; others += 1) await create();
    const job = await create({ method: 'dreambooth' });
    const list = await api.call<{ data: TrainingJobBody[]; has_more: boolean; next: string | null }>(
      'GET',
      '/v1/training-jobs?method=dreambooth&limit=1',
    );
    expect(list.body).toMatchObject({ data: [{ id: job.id }], has_more: false, next: null });
    const page = await api.call<{ data: TrainingJobBody[]; next: string }>('GET', '/v1/training-jobs?limit=2');
    const next = await api.call<{ data: TrainingJobBody[] }>('GET', `/v1/training-jobs?limit=2&after=${page.body.next}`);
    const ids = [...page.body.data, ...next.body.data].map(({ id }) => id);
    expect(ids).toHaveLength(4);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    expect((await api.call('GET', '/v1/training-jobs?status=sleeping')).status).toBe(422);
    await api.call('POST', `/v1/training-jobs/${job.id}/cancel`);
    const cancelled = await api.call<{ data: TrainingJobBody[] }>('GET', '/v1/training-jobs?status=cancelled&limit=100');
    expect([cancelled.body.data[0]?.id, new Set(cancelled.body.data.map(({ status }) => status))]).toEqual([
      job.id,
      new Set(['cancelled']),
    ]);
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    expect((await api.call('GET', `/v1/training-jobs/${job.id}`, { key })).status).toBe(404);
    expect((await api.call('GET', '/v1/training-jobs/job_nonsense')).status).toBe(404);
  });

  it('filters by base model and by metadata, whose values may contain colons', async () => {
    const job = await create({ metadata: { team: 'blue', link: 'https://example.com' } });
    await create({ metadata: { team: 'blue' } });
    const ids = async (query: string) =>
      (await api.call<{ data: TrainingJobBody[] }>('GET', `/v1/training-jobs?${query}`)).body.data.map(({ id }) => id);
    expect(await ids('metadata=team:blue')).toHaveLength(2);
    expect(await ids('metadata=team:blue&metadata=link:https%3A%2F%2Fexample.com')).toEqual([job.id]);
    expect(await ids('metadata=team:red')).toEqual([]);
    expect(await ids('metadata=team:blue&base_model=other')).toEqual([]);
    expect((await api.call('GET', '/v1/training-jobs?metadata=team')).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '/metadata' }],
    });
  });

  it('responds with 304 for an unchanged dataset, also to a weak tag or one of several', async () => {
    const url = `/v1/datasets/${styleRef}`;
    const etag = String((await api.call('GET', url)).headers['etag']);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*'])
      expect((await api.call('GET', url, { headers: { 'if-none-match': known } })).status).toBe(304);
    expect((await api.call('GET', url, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('sends an ETag that changes with the job', async () => {
    const { id } = await create();
    const url = `/v1/training-jobs/${id}`;
    const first = await api.call('GET', url);
    const headers = { 'if-none-match': String(first.headers['etag']) };
    expect((await api.call('GET', url, { headers })).status).toBe(304);
    await api.database.trainingJobs.claim(id);
    const later = await api.call<TrainingJobBody>('GET', url, { headers });
    expect([later.status, later.body.status, later.body.progress.queue_position]).toEqual([200, 'validating', null]);
  });
});

describe('a running job', () => {
  const progress = {
    step: 2,
    of: 2,
    loss: 0.5,
    style_ref_loss: 0.3,
    aux_loss: 0.2,
    grad_norm: 1.5,
    learning_rate: 2e-5,
    samples_per_second: 3,
    eta_seconds: 0,
  };
  const point = { step: 2, loss: 0.5, style_ref_loss: 0.3, aux_loss: 0.2, grad_norm: 1.5, learning_rate: 2e-5 };

  async function runJob(): Promise<string> {
    const { id } = await create();
    const { trainingJobs, metrics, checkpoints } = api.database;
    await trainingJobs.claim(id);
    await trainingJobs.start(id, 1);
    await trainingJobs.updateProgress(id, 1, progress);
    await metrics.record(id, [
      { ...point, step: 1, aux_loss: null },
      { ...point, loss: 9 },
    ]);
    await metrics.record(id, [point]);
    const objectPrefix = checkpointPrefix(api.projectId, id, 2, 1);
    const bytes = Buffer.from('{"_class_name":"UNet2DConditionModel"}');
    const { size, sha256 } = await api.objectStore.put(`${objectPrefix}unet/config.json`, bytes);
    const checkpoint = await checkpoints.record({
      projectId: api.projectId,
      jobId: id,
      step: 2,
      objectPrefix,
      files: ['unet/config.json', 'model_index.json'].map((path) => ({ path, size, sha256 })),
    });
    await trainingJobs.setStatus(id, {
      from: 'running',
      to: 'succeeded',
      attempt: 1,
      result: { final_step: 2, checkpoint_id: checkpoint.id },
    });
    return id;
  }

  it('shows progress, result, log, curves and files that match their hashes', async () => {
    const id = await runJob();
    const url = `/v1/training-jobs/${id}`;
    const job = (await api.call<TrainingJobBody>('GET', url)).body;
    expect(job).toMatchObject({ status: 'succeeded', progress, result: { final_step: 2 }, error: null });
    const times = [job.created_at, job.started_at, job.finished_at];
    expect(times).toEqual(times.map(() => expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string));
    expect(times.toSorted()).toEqual(times);
    const events = await api.call<{ data: { type: string }[]; next: string }>('GET', `${url}/events?limit=2`);
    expect(events.body).toMatchObject({
      data: [
        { sequence: 1, type: 'job.queued' },
        { sequence: 2, type: 'job.validating' },
      ],
      has_more: true,
      next: '2',
    });
    expect((await api.call('GET', `${url}/events?after=3`)).body).toMatchObject({ data: [{ type: 'job.succeeded' }], has_more: false });
    expect((await api.call('GET', `${url}/metrics`)).body).toEqual({
      data: [{ ...point, step: 1, aux_loss: null }, point],
      has_more: false,
      next: null,
    });
    const { body } = await api.call<{ data: { id: string; files: { url: string; sha256: string }[] }[] }>('GET', `${url}/checkpoints`);
    expect(body.data).toMatchObject([
      { id: job.result?.checkpoint_id, step: 2, format: 'diffusers', files: [{ path: 'unet/config.json' }, { path: 'model_index.json' }] },
    ]);
    const file = body.data[0]?.files[0];
    const download = await api.call('GET', file?.url ?? '');
    expect(download.status).toBe(200);
    expect(createHash('sha256').update(download.bytes).digest('hex')).toBe(file?.sha256);
    // A store that signs links has the type in the link.
    if (!download.linked) expect(download.headers['content-type']).toBe('application/octet-stream');
    expect((await api.call('GET', `${url}/checkpoints/${body.data[0]?.id}/files/unet/config.json/../../../x`)).status).toBe(404);
  });

  it('streams its events, continues after Last-Event-ID, and ends with the job', async () => {
    const id = await runJob();
    const stream = await api.call('GET', `/v1/training-jobs/${id}/events`, {
      headers: { accept: 'text/event-stream', 'last-event-id': '1' },
    });
    expect(stream.headers['content-type']).toContain('text/event-stream');
    const text = String(stream.body);
    expect(text).not.toContain('event: job.queued');
    expect(text).toContain('id: 2\nevent: job.validating\n');
    expect(text).toContain('id: 3\nevent: job.running\n');
    expect(text).toContain('event: progress\n');
    expect(text).toContain('id: 4\nevent: job.succeeded\n');
  });
});

it('shows an old job with current defaults for hyperparameters that did not exist', async () => {
  const job = await create();
  await clientOf(api.database).$executeRaw`
    update training_jobs set config = (config #- '{hyperparameters,lr_num_cycles}' #- '{hyperparameters,lr_power}') - 'evaluation' - 'suffix' where id = ${job.id}`;
  const answer = await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${job.id}`);
  expect([answer.status, answer.body.config]).toEqual([200, job.config]);
  // The worker reads the very same.
  expect((await api.database.trainingJobs.get(job.id))?.config).toEqual(job.config);
});
