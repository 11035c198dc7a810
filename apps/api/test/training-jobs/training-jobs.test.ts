// Training jobs over HTTP: defaults, refusals, reading, cancelling, the log, the curves, the checkpoints.
import { clientOf } from '@styleforge/database/testing';
import { createHash } from 'node:crypto';
import { buildApp } from '@styleforge/api';
import { checkpointPrefix } from '@styleforge/storage';
import { costKey, type TrainingJobBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let styleRef: string;
let aux: string;
beforeAll(async () => {
  api = await startApiFixture();
  styleRef = await createDataset(api, 'style_ref', [
    { component: 'person', seeds: [1, 2, 3] },
    { component: 'background', seeds: [4, 5, 6] },
  ]);
  aux = await createDataset(api, 'aux');
});
afterAll(() => api.close());

const request = (changes: object = {}) => ({
  method: 'single-styleforge',
  base_model: 'tiny',
  style_ref: { dataset_id: styleRef },
  aux: { dataset_id: aux },
  ...changes,
});
const post = (body: object) => api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body });
const create = async (changes: object = {}) => (await post(request(changes))).body;

describe('POST /v1/training-jobs', () => {
  it('responds with 202 and every default resolved: the base model before the method', async () => {
    const answer = await post(request({ hyperparameters: { max_train_steps: 7 }, metadata: { team: 'a' } }));
    expect(answer.status).toBe(202);
    expect(answer.headers['location']).toBe(`/v1/training-jobs/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      status: 'queued',
      method: 'single-styleforge',
      metadata: { team: 'a' },
      priority: 'normal',
      progress: { step: 0, of: 7, loss: null, queue_position: 0 },
      attempt: 0,
    });
    expect(answer.body.config).toMatchObject({
      style_ref: { dataset_id: styleRef, components: [{ name: 'all', token: 'zwx', prompt: 'a photo of zwx style' }] },
      aux: { dataset_id: aux, prompt: 'a picture of style', weight: 1 },
      hyperparameters: {
        max_train_steps: 7,
        learning_rate: 2e-5,
        resolution: 64,
        adam_weight_decay: 1e-2,
        lr_scheduler: 'constant',
        seed: 1337,
        train_batch_size: 1,
      },
    });
    expect(answer.body).toMatchObject({ name: null, notes: '' });
    // Only the response to the request that makes a job estimates it.
    const { estimate, ...job } = answer.body;
    expect(estimate).toMatchObject({ seconds: null, devices: [], basis: expect.stringMatching(/^unknown: /) });
    expect((await api.call('GET', `/v1/training-jobs/${job.id}`)).body).toEqual(job);
  });

  it('takes a name and notes, which can be changed later', async () => {
    const { status, body } = await post(request({ name: ' ink, 7 steps ', notes: 'the first try' }));
    const kept = { name: 'ink, 7 steps', notes: 'the first try' };
    expect([status, body]).toMatchObject([202, kept]);
    const path = `/v1/training-jobs/${body.id}`;
    expect((await api.call('GET', path)).body).toMatchObject(kept);
    expect((await api.call('PATCH', path, { body: { name: null } })).body).toMatchObject({ name: null, notes: 'the first try' });
    expect((await create({ name: null })).name).toBeNull();
    for (const name of [' ', 'x'.repeat(201)])
      expect((await post(request({ name }))).body).toMatchObject({ status: 422, errors: [{ pointer: '/name' }] });
  });

  it('gives each component of multi-styleforge its token, and puts tokens into prompts', async () => {
    const job = await create({ method: 'multi-styleforge', aux: null });
    expect(job.config.aux).toBeNull();
    expect(job.config.style_ref.components).toEqual([
      { name: 'person', token: 'zwx', prompt: 'a photo of zwx style' },
      { name: 'background', token: 'ukj', prompt: 'a photo of ukj style' },
    ]);
    const own = await create({
      style_ref: { dataset_id: styleRef, components: [{ name: 'person', token: 'qqz', prompt: 'art in [V] style' }] },
    });
    expect(own.config.style_ref.components).toEqual([{ name: 'person', token: 'qqz', prompt: 'art in qqz style' }]);
  });

  it.each<[string, string, string, () => object]>([
    [
      'an unknown dataset',
      'unusable_dataset',
      '/style_ref/dataset_id',
      () => ({ style_ref: { dataset_id: 'ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70' } }),
    ],
    ['a dataset of the wrong kind', 'unusable_dataset', '/style_ref/dataset_id', () => ({ style_ref: { dataset_id: aux } })],
    ['an Aux dataset of the wrong kind', 'unusable_dataset', '/aux/dataset_id', () => ({ aux: { dataset_id: styleRef } })],
    [
      'a component without images',
      'unusable_dataset',
      '/style_ref/components/0/name',
      () => ({ style_ref: { dataset_id: styleRef, components: [{ name: 'animal' }] } }),
    ],
    ['an unknown base model', 'unknown_base_model', '/base_model', () => ({ base_model: 'none-such' })],
    [
      'two components for one binding',
      'validation_failed',
      '/style_ref/components',
      () => ({ style_ref: { dataset_id: styleRef, components: [{ name: 'person' }, { name: 'background' }] } }),
    ],
    [
      'one component for many bindings',
      'validation_failed',
      '/style_ref/components',
      () => ({ method: 'multi-styleforge', style_ref: { dataset_id: styleRef, components: [{ name: 'person' }] } }),
    ],
    [
      'a token used twice',
      'validation_failed',
      '/style_ref/components/1/token',
      () => ({
        method: 'multi-styleforge',
        style_ref: { dataset_id: styleRef, components: [{ name: 'person' }, { name: 'background', token: 'zwx' }] },
      }),
    ],
    [
      'a prompt without its token',
      'validation_failed',
      '/style_ref/components/0/prompt',
      () => ({ style_ref: { dataset_id: styleRef, components: [{ name: 'person', prompt: 'a photo' }] } }),
    ],
    ['a number out of range', 'validation_failed', '/hyperparameters/learning_rate', () => ({ hyperparameters: { learning_rate: -1 } })],
    [
      'a warm-up longer than the run',
      'validation_failed',
      '/hyperparameters/lr_warmup_steps',
      () => ({ hyperparameters: { lr_warmup_steps: 50, max_train_steps: 9 } }),
    ],
    ['an unknown field', 'validation_failed', '/hyperparameters/learning_rat', () => ({ hyperparameters: { learning_rat: 1 } })],
    [
      'a resolution that the U-Net cannot halve',
      'validation_failed',
      '/hyperparameters/resolution',
      () => ({ hyperparameters: { resolution: 72 } }),
    ],
    [
      'more metadata than sixteen pairs',
      'validation_failed',
      '/metadata',
      () => ({ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`key ${index}`, 'x'])) }),
    ],
    ['metadata that is no text', 'validation_failed', '/metadata/team', () => ({ metadata: { team: 7 } })],
    ['a webhook to a private address', 'validation_failed', '/webhook_url', () => ({ webhook_url: 'http://0x7f.1/hook' })],
  ])('refuses %s', async (_case, code, pointer, changes) => {
    const before = await api.database.outbox.count();
    const answer = await post(request(changes()));
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code, errors: [{ pointer }] });
    expect(await api.database.outbox.count()).toBe(before);
  });

  it('says at once what it cannot train on: too few images, and those that are too small, by their names', async () => {
    const two = await createDataset(api, 'aux', [{ seeds: [7, 8] }]);
    expect((await post(request({ aux: { dataset_id: two } }))).body).toMatchObject({
      status: 422,
      code: 'unusable_dataset',
      errors: [
        {
          pointer: '/aux/dataset_id',
          detail: 'aux has 2 images to train on: at least 3 are needed, 15 to 20 work best; upload more images',
        },
      ],
    });
    const { body } = await post(request({ aux: null, hyperparameters: { resolution: 128 } }));
    expect(body).toMatchObject({
      status: 422,
      code: 'unusable_dataset',
      errors: [
        {
          pointer: '/style_ref/dataset_id',
          detail: expect.stringMatching(
            /^1\.png is 64x64 pixels, .*6\.png is 64x64 pixels, too small for hyperparameters\.resolution 128: .*lower/,
          ),
        },
      ],
    });
  });

  it('refuses an empty dataset by name, and a body that is not valid JSON', async () => {
    const empty = await createDataset(api, 'style_ref', []);
    const answer = await post(request({ style_ref: { dataset_id: empty } }));
    expect(answer.body).toMatchObject({ code: 'unusable_dataset', detail: expect.stringContaining(`${empty} has no images`) });
    const broken = await api.app.inject({
      method: 'POST',
      url: '/v1/training-jobs',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
      payload: '{"method":',
    });
    expect([broken.statusCode, broken.json()['code']]).toEqual([400, 'invalid_request']);
  });
});

describe('POST /v1/training-jobs/check', () => {
  const check = (changes: object) =>
    api.call<{ hyperparameters: object }>('POST', '/v1/training-jobs/check', {
      body: { ...request(), style_ref: {}, aux: {}, ...changes },
    });

  it('shows the settings of a job whose datasets are not uploaded yet, and creates none', async () => {
    const before = await api.database.outbox.count();
    const answer = await check({ hyperparameters: { max_train_steps: 7 }, evaluation: { prompts: ['a cat', 'a house'] } });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        hyperparameters: expect.objectContaining({ max_train_steps: 7, learning_rate: 2e-5, resolution: 64 }) as object,
        estimate: expect.objectContaining({ seconds: null, devices: [] }) as object,
      },
    ]);
    expect(await api.database.outbox.count()).toBe(before);
  });

  it("estimates the card's own memory from the job before, and whether the worker recomputed activations for its sake", async () => {
    const hyperparameters = { train_batch_size: 3 };
    const first = await create({ hyperparameters });
    const card = { device_memory_bytes: null, recomputes_activations: null };
    expect(first).toMatchObject({ estimate: card });
    await api.database.jobCosts.record(first.id, costKey(first.config), {
      ...{ device: 'cuda', steps: 100, stepSeconds: 0.2, startSeconds: 5, validationSeconds: null, checkpointSeconds: 1 },
      ...{ checkpointBytes: 4e9, peakMemoryBytes: 6e9, deviceMemoryBytes: 21_474_836_480, recomputes: true },
    });
    const estimate = { peak_memory_bytes: 6e9, device_memory_bytes: 21_474_836_480, recomputes_activations: true };
    const expected = { estimate: { ...estimate, devices: [{ device: 'cuda', ...estimate }] } };
    expect((await check({ hyperparameters })).body).toMatchObject(expected);
    expect(await create({ hyperparameters })).toMatchObject(expected);
    expect((await check({ hyperparameters: { train_batch_size: 4 } })).body).toMatchObject({ estimate: card });
  });

  it.each<[string, string, string, () => object]>([
    ['an unknown field', 'validation_failed', '/hyperparameters/learning_rat', () => ({ hyperparameters: { learning_rat: 1 } })],
    [
      'a resolution that the U-Net cannot halve',
      'validation_failed',
      '/hyperparameters/resolution',
      () => ({ hyperparameters: { resolution: 72 } }),
    ],
    [
      'a model that is not there',
      'unknown_model',
      '/evaluation/compare_with/0',
      () => ({ evaluation: { prompts: ['a cat', 'a house'], compare_with: ['nobody'] } }),
    ],
    ['a dataset of the wrong kind', 'unusable_dataset', '/aux/dataset_id', () => ({ aux: { dataset_id: styleRef } })],
    [
      'images that are too small',
      'unusable_dataset',
      '/style_ref/dataset_id',
      () => ({ style_ref: { dataset_id: styleRef }, aux: null, hyperparameters: { resolution: 128 } }),
    ],
    ['an empty id', 'validation_failed', '/style_ref/dataset_id', () => ({ style_ref: { dataset_id: '' } })],
  ])('refuses %s as creating the job does', async (_case, code, pointer, changes) => {
    expect((await check(changes())).body).toMatchObject({ status: 422, code, errors: [{ pointer }] });
  });
});

describe('Idempotency-Key', () => {
  const send = (key: string, body: object) =>
    api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body, headers: { 'idempotency-key': key } });

  it('makes one job of fifty concurrent requests', async () => {
    const before = await api.database.outbox.count();
    const answers = await Promise.all(Array.from({ length: 50 }, () => send('fifty', request())));
    const made = answers.filter(({ status }) => status === 202);
    const waiting = answers.filter(({ status }) => status === 409);
    expect(made.length + waiting.length).toBe(50);
    expect(made.length).toBeGreaterThanOrEqual(1);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    expect(await api.database.outbox.count()).toBe(before + 1);
  });

  it('sends the first response again, and refuses the key for another body', async () => {
    const body = request({ hyperparameters: { max_train_steps: 5 } });
    const first = await send('again', body);
    await api.call('POST', `/v1/training-jobs/${first.body.id}/cancel`);
    const second = await send('again', Object.fromEntries(Object.entries(body).reverse()));
    expect([second.status, second.body, second.headers['location']]).toEqual([202, first.body, first.headers['location']]);
    expect(second.headers['idempotency-replayed']).toBe('true');
    const other = await send('again', request({ hyperparameters: { max_train_steps: 6 } }));
    expect([other.status, other.body]).toMatchObject([422, { code: 'idempotency_key_reused' }]);
  });

  it('keeps a response for a day, and takes the key for another request then', async () => {
    const first = await send('a day', request());
    const where = { projectId_key: { projectId: api.projectId, key: 'a day' } };
    const { createdAt, expiresAt } = await clientOf(api.database).idempotencyKey.findUniqueOrThrow({ where });
    expect(Math.round((expiresAt.getTime() - createdAt.getTime()) / 60_000)).toBe(24 * 60);
    await clientOf(api.database).idempotencyKey.update({ where, data: { expiresAt: new Date(Date.now() - 1) } });
    const second = await send('a day', request({ suffix: 'another' }));
    expect([second.status, second.headers['idempotency-replayed']]).toEqual([202, undefined]);
    expect(second.body.id).not.toBe(first.body.id);
  });

  it('does not keep refusals', async () => {
    expect((await send('refused', request({ base_model: 'none-such' }))).status).toBe(422);
    expect((await send('refused', request({ hyperparameters: { max_train_steps: 0 } }))).status).toBe(422);
    expect((await send('refused', request())).status).toBe(202);
  });

  it('lets the next request take over from one that died, without a second job', async () => {
    const decision = await api.database.idempotencyKeys.begin(api.projectId, 'died', 'hash', 60_000);
    if (decision.kind !== 'run') throw new Error('the key should be free');
    expect(await api.database.idempotencyKeys.begin(api.projectId, 'died', 'hash', 60_000)).toEqual({ kind: 'in_progress' });
    await clientOf(api.database).idempotencyKey.updateMany({ where: { key: 'died' }, data: { lockedUntil: new Date(0) } });
    expect(await api.database.idempotencyKeys.begin(api.projectId, 'died', 'hash', 60_000)).toMatchObject({
      kind: 'run',
      reservedUuid: decision.reservedUuid,
    });
  });
});

describe('reading', () => {
  it('filters, pages and hides other projects', async () => {
    const job = await create({ method: 'dreambooth' });
    const list = await api.call<{ data: TrainingJobBody[]; has_more: boolean; next: string | null }>(
      'GET',
      '/v1/training-jobs?method=dreambooth&limit=1',
    );
    expect(list.body).toMatchObject({ data: [{ id: job.id }], has_more: false, next: null });
    const page = await api.call<{ data: TrainingJobBody[]; next: string }>('GET', '/v1/training-jobs?limit=2');
    const next = await api.call<{ data: TrainingJobBody[] }>('GET', `/v1/training-jobs?limit=2&after=${page.body.next}`);
    const ids = [...page.body.data, ...next.body.data].map(({ id }) => id);
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

  it('filters by base model and by metadata, a value of which may have colons', async () => {
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

  it('responds with 304 for an unchanged dataset, also to a weak mark or one of several', async () => {
    const url = `/v1/datasets/${styleRef}`;
    const etag = String((await api.call('GET', url)).headers['etag']);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*'])
      expect((await api.call('GET', url, { headers: { 'if-none-match': known } })).status).toBe(304);
    expect((await api.call('GET', url, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('carries an ETag that changes with the job', async () => {
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

describe('a job that runs', () => {
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

it('shows a job that was made before a hyperparameter existed with what is its default now', async () => {
  const job = await create();
  await clientOf(api.database).$executeRaw`
    update training_jobs set config = (config #- '{hyperparameters,lr_num_cycles}' #- '{hyperparameters,lr_power}') - 'evaluation' - 'suffix' where id = ${job.id}`;
  const answer = await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${job.id}`);
  expect([answer.status, answer.body.config]).toEqual([200, job.config]);
  // The worker reads the very same.
  expect((await api.database.trainingJobs.get(job.id))?.config).toEqual(job.config);
});

describe('a project', () => {
  it('limits the queued jobs of a project, also for simultaneous requests, and counts each project separately', async () => {
    const app = await buildApp({ ...api.options, maxQueuedJobsPerProject: 3 });
    const limited = async (projectId: string) => {
      const { key } = await api.database.apiKeys.create(projectId, 'limited');
      const dataset = await createDataset(
        { ...api, call: (method, url, options) => api.call(method, url, { ...options, key }) },
        'style_ref',
      );
      const headers = { authorization: `Bearer ${key}` };
      return {
        post: () =>
          app.inject({
            method: 'POST',
            url: '/v1/training-jobs',
            headers,
            payload: request({ style_ref: { dataset_id: dataset }, aux: null }),
          }),
        cancel: (id: string) => app.inject({ method: 'POST', url: `/v1/training-jobs/${id}/cancel`, headers }),
      };
    };
    const { projectId } = await api.database.apiKeys.createProject('limited');
    const one = await limited(projectId);
    const answers = await Promise.all(Array.from({ length: 8 }, () => one.post()));
    const [made, refused] = [
      answers.filter(({ statusCode }) => statusCode === 202),
      answers.filter(({ statusCode }) => statusCode === 429),
    ];
    expect([made.length, refused.length]).toEqual([3, 5]);
    expect([refused[0]?.headers['retry-after'], refused[0]?.json()]).toMatchObject(['60', { code: 'too_many_queued_jobs', status: 429 }]);
    expect(await clientOf(api.database).trainingJob.count({ where: { projectId } })).toBe(3);

    const { projectId: generous } = await api.database.apiKeys.createProject('generous');
    await clientOf(api.database).project.update({ where: { id: generous }, data: { maxQueuedJobs: 4 } });
    const other = await limited(generous);
    for (const status of [202, 202, 202, 202, 429]) expect((await other.post()).statusCode).toBe(status);

    await one.cancel(made[0]?.json<TrainingJobBody>().id ?? '');
    expect([(await one.post()).statusCode, (await one.post()).statusCode]).toEqual([202, 429]);
    await app.close();
  });
});

describe('cancelling', () => {
  it('ends a queued job, asks a running one, and can be repeated', async () => {
    const { id } = await create();
    const cancel = (job: string) => api.call<TrainingJobBody>('POST', `/v1/training-jobs/${job}/cancel`);
    expect((await cancel(id)).body).toMatchObject({ status: 'cancelled', cancel_requested: true });
    expect((await cancel(id)).status).toBe(202);
    const running = await create();
    await api.database.trainingJobs.claim(running.id);
    expect((await cancel(running.id)).body).toMatchObject({ status: 'validating', cancel_requested: true });
    expect((await cancel('job_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70')).status).toBe(404);
  });

  it('keeps a dataset as long as a job that is not finished uses it', async () => {
    const dataset = await createDataset(api, 'style_ref');
    const job = await create({ style_ref: { dataset_id: dataset } });
    const remove = () => api.call('DELETE', `/v1/datasets/${dataset}`);
    expect((await remove()).body).toMatchObject({ status: 409, code: 'dataset_in_use' });
    await api.call('POST', `/v1/training-jobs/${job.id}/cancel`);
    expect((await remove()).status).toBe(204);
    expect((await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${job.id}`)).body.config.style_ref.dataset_id).toBe(dataset);
  });
});
