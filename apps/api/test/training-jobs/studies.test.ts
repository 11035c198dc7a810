// Studies over HTTP: variations checked together, jobs made together, one report.
import type { StudyBody, StudySummaryBody, TrainingJobBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let job: object;
beforeAll(async () => {
  api = await startApiFixture();
  const styleRef = await createDataset(api, 'style_ref', [
    { component: 'person', seeds: [1, 2, 3] },
    { component: 'background', seeds: [4, 5, 6] },
  ]);
  const aux = await createDataset(api, 'aux', [{ seeds: [7, 8, 9] }]);
  job = {
    method: 'single-styleforge',
    base_model: 'tiny',
    style_ref: { dataset_id: styleRef },
    aux: { dataset_id: aux },
    metadata: { team: 'a' },
  };
});
afterAll(() => api.close());

const post = (body: object) => api.call<StudyBody>('POST', '/v1/studies', { body: { name: 'a study', job, ...body } });
const configOf = async (id: string) => (await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${id}`)).body.config;

describe('POST /v1/studies', () => {
  it('creates a job for each listed variation and each combination of the grid', async () => {
    const variations = [{ name: 'no Aux', changes: { aux: null } }];
    const grid = [
      { pointer: '/hyperparameters/max_train_steps', values: [5, 9] },
      { pointer: '/style_ref/mix', values: [{ person: 3 }, { person: 1, background: 2 }] },
    ];
    const { status, body, headers } = await post({ variations, grid });
    expect([status, headers['location'], body.status]).toEqual([202, `/v1/studies/${body.id}`, 'running']);
    expect(body.report.map(({ name }) => name)).toEqual([
      'no Aux',
      'max_train_steps=5, mix={"person":3}',
      'max_train_steps=5, mix={"person":1,"background":2}',
      'max_train_steps=9, mix={"person":3}',
      'max_train_steps=9, mix={"person":1,"background":2}',
    ]);
    const first = await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${body.report[0]!.training_job_id}`);
    expect(first.body.name).toBe('no Aux');
    const configs = await Promise.all(body.report.map(({ training_job_id }) => configOf(training_job_id)));
    expect(
      configs.map(({ aux, hyperparameters, style_ref }) => [aux?.weight ?? null, hyperparameters.max_train_steps, style_ref.mix]),
    ).toEqual([
      [null, 300, undefined],
      [1, 5, { person: 3 }],
      [1, 5, { person: 1, background: 2 }],
      [1, 9, { person: 3 }],
      [1, 9, { person: 1, background: 2 }],
    ]);
    expect((await api.call('GET', `/v1/studies/${body.id}`)).body).toEqual(body);
  });

  it("puts the job's name before that of each variation", async () => {
    const { body } = await post({
      job: { ...job, name: 'ink', notes: 'seeds' },
      grid: [{ pointer: '/hyperparameters/seed', values: [1, 2] }],
    });
    const jobs = body.report.map(({ training_job_id }) => api.call<TrainingJobBody>('GET', `/v1/training-jobs/${training_job_id}`));
    expect((await Promise.all(jobs)).map(({ body: { name, notes } }) => [name, notes])).toEqual([
      ['ink, seed=1', 'seeds'],
      ['ink, seed=2', 'seeds'],
    ]);
    expect(body.report.map(({ name }) => name)).toEqual(['seed=1', 'seed=2']);
  });

  it('varies everything that the method does not fix: number of images, ratio of components, Aux set, lambda, steps', async () => {
    const seeds = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
    const many = await createDataset(api, 'style_ref', [
      { component: 'person', seeds: seeds(100, 30) },
      { component: 'background', seeds: seeds(200, 25) },
    ]);
    const otherAux = await createDataset(api, 'aux', [{ seeds: [300, 301, 302] }]);
    const base = job as { aux: { dataset_id: string } };
    const { status, body } = await post({
      job: { ...job, style_ref: { dataset_id: many } },
      variations: [5, 50].map((count) => ({ name: `${count} images`, changes: { style_ref: { mix: { all: count } } } })),
      grid: [
        {
          pointer: '/style_ref/mix',
          values: [
            { person: 10, background: 10 },
            { person: 5, background: 15 },
          ],
        },
        { pointer: '/aux/dataset_id', values: [base.aux.dataset_id, otherAux] },
        { pointer: '/aux/weight', values: [0.5, 1] },
        { pointer: '/hyperparameters/max_train_steps', values: [250, 1000] },
      ],
    });
    expect([status, body.report.length, body.jobs]).toEqual([202, 2 + 16, { queued: 18 }]);
    const configs = await Promise.all(body.report.map(({ training_job_id }) => configOf(training_job_id)));
    expect(configs.slice(0, 2).map(({ style_ref }) => style_ref.mix)).toEqual([{ all: 5 }, { all: 50 }]);
    const combinations = configs
      .slice(2)
      .map(({ style_ref, aux, hyperparameters }) =>
        JSON.stringify([style_ref.mix, aux?.dataset_id, aux?.weight, hyperparameters.max_train_steps]),
      );
    expect(new Set(combinations).size).toBe(16);
    expect(combinations.at(-1)).toBe(JSON.stringify([{ person: 5, background: 15 }, otherAux, 1, 1000]));
  });

  it('lets a grid remove the Aux part', async () => {
    const { body } = await post({ grid: [{ pointer: '/aux', values: [null, (job as { aux: object }).aux] }] });
    const configs = await Promise.all(body.report.map(({ training_job_id }) => configOf(training_job_id)));
    expect(configs.map(({ aux }) => aux === null)).toEqual([true, false]);
  });

  it.each<[string, object, string, string]>([
    ['a single variation', { variations: [{ name: 'one', changes: {} }] }, 'validation_failed', '/variations'],
    [
      'a grid that is too large',
      {
        grid: ['/hyperparameters/seed', '/hyperparameters/max_train_steps'].map((pointer) => ({
          pointer,
          values: [1, 2, 3, 4, 5, 6, 7, 8, 9],
        })),
      },
      'validation_failed',
      '/variations',
    ],
    [
      'a value out of range',
      { grid: [{ pointer: '/hyperparameters/max_train_steps', values: [1, 0] }] },
      'validation_failed',
      '/grid/0/values/1',
    ],
    [
      'a field that does not exist',
      { grid: [{ pointer: '/hyperparameters/stepz', values: [1, 2] }] },
      'validation_failed',
      '/grid/0/values/0',
    ],
    [
      'more images than there are',
      { grid: [{ pointer: '/style_ref/mix/person', values: [3, 4] }] },
      'unusable_dataset',
      '/grid/0/values/1',
    ],
    [
      'a wrong value in the second row of a grid of two',
      {
        grid: [
          { pointer: '/hyperparameters/seed', values: [1, 2, 3] },
          { pointer: '/hyperparameters', values: [{}, { max_train_steps: 0 }] },
        ],
      },
      'validation_failed',
      '/grid/1/values/1/max_train_steps',
    ],
    ['a pointer into a number', { grid: [{ pointer: '/hyperparameters/seed/x', values: [1, 2] }] }, 'validation_failed', '/grid/0/pointer'],
    [
      'a wrong change of one variation',
      {
        variations: [
          { name: 'a', changes: {} },
          { name: 'b', changes: { hyperparameters: { seed: -1 } } },
        ],
      },
      'validation_failed',
      '/variations/1/changes/hyperparameters/seed',
    ],
    [
      'a change that takes away what is needed',
      {
        variations: [
          { name: 'a', changes: {} },
          { name: 'b', changes: { style_ref: null } },
        ],
      },
      'validation_failed',
      '/variations/1/changes/style_ref',
    ],
  ])('refuses %s before it creates any job', async (_case, body, code, pointer) => {
    const before = await api.database.outbox.count();
    const answer = await post(body);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code, errors: [{ pointer }] });
    expect(await api.database.outbox.count()).toBe(before);
  });

  it('points into the common settings for errors that no variation causes', async () => {
    const { body } = await post({ job: { ...job, base_model: 'nowhere' }, grid: [{ pointer: '/hyperparameters/seed', values: [1, 2] }] });
    expect(body).toMatchObject({ code: 'unknown_base_model', errors: [{ pointer: '/job/base_model' }] });
  });
});

describe('GET /v1/studies/{id}', () => {
  it('compares the results of the jobs', async () => {
    const { body } = await post({ grid: [{ pointer: '/hyperparameters/seed', values: [1, 2] }] });
    const [first, second] = body.report.map(({ training_job_id }) => training_job_id) as [string, string];
    const { trainingJobs, metrics, events } = api.database;
    await trainingJobs.claim(first);
    await trainingJobs.start(first, 1);
    const point = (step: number, loss: number) => ({ step, loss, style_ref_loss: loss, aux_loss: null, grad_norm: 1, learning_rate: 1 });
    await metrics.record(
      first,
      Array.from({ length: 20 }, (_, i) => point(i + 1, i < 18 ? 100 : i)),
    );
    for (const [step, value] of [
      [10, 3],
      [20, 1],
      [20, 2],
    ])
      await events.append(first, 'validation.done', { step: step ?? 0, images: 1, scores: { 'kid@mini-clip': value ?? 0 } });
    await trainingJobs.setStatus(first, {
      from: 'running',
      to: 'failed',
      error: { code: 'training_diverged', message: 'x', retryable: false },
    });
    await api.call('POST', `/v1/training-jobs/${second}/cancel`);
    const read = await api.call<StudyBody>('GET', `/v1/studies/${body.id}`);
    expect(read.body).toMatchObject({ status: 'finished', jobs: { failed: 1, cancelled: 1 }, leaders: [] });
    expect(Date.parse(read.body.finished_at ?? '')).toBeGreaterThan(Date.parse(body.created_at));
    expect(read.body.report[0]).toMatchObject({
      status: 'failed',
      style_ref_loss: 18.5,
      aux_loss: null,
      scores: [
        { step: 10, scores: { 'kid@mini-clip': 3 } },
        { step: 20, scores: { 'kid@mini-clip': 2 } },
      ],
    });
    expect(read.body.report[1]).toMatchObject({ status: 'cancelled', style_ref_loss: null, scores: [], seconds: null });
  });

  it('is invisible to other projects', async () => {
    const { body } = await post({ grid: [{ pointer: '/hyperparameters/seed', values: [1, 2] }] });
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    expect((await api.call('GET', `/v1/studies/${body.id}`, { key })).status).toBe(404);
  });
});

describe('POST /v1/studies/{id}/cancel', () => {
  const create = async () => (await post({ grid: [{ pointer: '/hyperparameters/seed', values: [1, 2, 3] }] })).body;

  it('cancels queued and paused jobs immediately, notifies running ones, and does not change finished ones', async () => {
    const { id, report } = await create();
    const [first, second, third] = report.map(({ training_job_id }) => training_job_id) as [string, string, string];
    for (const id of [first, second]) {
      await api.database.trainingJobs.claim(id);
      await api.database.trainingJobs.start(id, 1);
    }
    await api.database.trainingJobs.setStatus(second, {
      from: 'running',
      to: 'failed',
      error: { code: 'timeout', message: 'x', retryable: false },
    });
    await api.call('POST', `/v1/training-jobs/${third}/pause`);
    const answer = await api.call<StudyBody>('POST', `/v1/studies/${id}/cancel`);
    expect([answer.status, answer.body.status, answer.body.jobs, answer.body.finished_at]).toEqual([
      202,
      'running',
      { running: 1, failed: 1, cancelled: 1 },
      null,
    ]);
    expect((await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${first}`)).body.cancel_requested).toBe(true);
    expect((await api.call<StudyBody>('POST', `/v1/studies/${id}/cancel`)).body).toEqual(answer.body);
    await api.database.trainingJobs.setStatus(first, { from: 'running', to: 'cancelled' });
    expect((await api.call<StudyBody>('GET', `/v1/studies/${id}`)).body).toMatchObject({
      status: 'finished',
      jobs: { failed: 1, cancelled: 2 },
    });
  });

  it('cancels nothing of another project', async () => {
    const { id } = await create();
    const { projectId } = await api.database.apiKeys.createProject('another');
    const { key } = await api.database.apiKeys.create(projectId, 'another');
    expect((await api.call('POST', `/v1/studies/${id}/cancel`, { key })).status).toBe(404);
    expect((await api.call<StudyBody>('GET', `/v1/studies/${id}`)).body.jobs).toEqual({ queued: 3 });
    expect((await api.call('POST', '/v1/studies/study_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70/cancel')).status).toBe(404);
  });
});

describe('GET /v1/studies', () => {
  it("lists the project's studies, newest first, page by page", async () => {
    const { projectId } = await api.database.apiKeys.createProject('lister');
    const { key } = await api.database.apiKeys.create(projectId, 'lister');
    expect((await api.call('GET', '/v1/studies', { key })).body).toEqual({ data: [], has_more: false, next: null });
    const { body } = await post({ name: 'the last one', grid: [{ pointer: '/hyperparameters/seed', values: [1, 2] }] });
    const page = await api.call<{ data: StudySummaryBody[]; has_more: boolean; next: string }>('GET', '/v1/studies?limit=1');
    const { report: _report, leaders: _leaders, ...summary } = body;
    expect(page.body).toEqual({ data: [summary], has_more: true, next: body.id });
    const next = await api.call<{ data: StudySummaryBody[] }>('GET', `/v1/studies?limit=100&after=${page.body.next}`);
    expect(next.body.data.map(({ id }) => id)).not.toContain(body.id);
    expect(next.body.data.length).toBeGreaterThan(3);
  });
});
