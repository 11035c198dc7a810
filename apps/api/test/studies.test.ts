// Studies over HTTP: variations checked together, jobs made together, one report.
import type { StudyBody, TrainingJobBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from './api-fixture.ts';
import type { ApiFixture } from './api-fixture.ts';

let api: ApiFixture;
let job: object;
beforeAll(async () => {
  api = await startApiFixture();
  const styleRef = await createDataset(api, 'style_ref', [{ component: 'person', seeds: [1, 2, 3] }, { component: 'background', seeds: [4, 5, 6] }]);
  const aux = await createDataset(api, 'aux', [{ seeds: [7, 8, 9] }]);
  job = { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: styleRef }, aux: { dataset_id: aux }, metadata: { team: 'a' } };
});
afterAll(() => api.close());

const post = (body: object) => api.call<StudyBody>('POST', '/v1/studies', { body: { name: 'a study', job, ...body } });
const configOf = async (id: string) => (await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${id}`)).body.config;

describe('POST /v1/studies', () => {
  it('makes a job of every listed variation and of every combination of the grid', async () => {
    const variations = [{ name: 'no Aux', changes: { aux: null } }];
    const grid = [{ pointer: '/hyperparameters/max_train_steps', values: [5, 9] }, { pointer: '/style_ref/mix', values: [{ person: 3 }, { person: 1, background: 2 }] }];
    const { status, body, headers } = await post({ variations, grid });
    expect([status, headers['location'], body.status]).toEqual([202, `/v1/studies/${body.id}`, 'running']);
    expect(body.report.map(({ name }) => name)).toEqual([
      'no Aux', 'max_train_steps=5, mix={"person":3}', 'max_train_steps=5, mix={"person":1,"background":2}',
      'max_train_steps=9, mix={"person":3}', 'max_train_steps=9, mix={"person":1,"background":2}',
    ]);
    const configs = await Promise.all(body.report.map(({ training_job_id }) => configOf(training_job_id)));
    expect(configs.map(({ aux, hyperparameters, style_ref }) => [aux?.weight ?? null, hyperparameters.max_train_steps, style_ref.mix])).toEqual([
      [null, 300, undefined], [1, 5, { person: 3 }], [1, 5, { person: 1, background: 2 }], [1, 9, { person: 3 }], [1, 9, { person: 1, background: 2 }],
    ]);
    expect((await api.call('GET', `/v1/studies/${body.id}`)).body).toEqual(body);
  });

  it('lets a grid take the Aux part away', async () => {
    const { body } = await post({ grid: [{ pointer: '/aux', values: [null, (job as { aux: object }).aux] }] });
    const configs = await Promise.all(body.report.map(({ training_job_id }) => configOf(training_job_id)));
    expect(configs.map(({ aux }) => aux === null)).toEqual([true, false]);
  });

  it.each<[string, object, string, string]>([
    ['a single variation', { variations: [{ name: 'one', changes: {} }] }, 'validation_failed', '/variations'],
    ['a grid that is too large', { grid: ['/hyperparameters/seed', '/hyperparameters/max_train_steps'].map((pointer) => ({ pointer, values: [1, 2, 3, 4, 5, 6, 7, 8, 9] })) }, 'validation_failed', '/variations'],
    ['a value out of range', { grid: [{ pointer: '/hyperparameters/max_train_steps', values: [1, 0] }] }, 'validation_failed', '/hyperparameters/max_train_steps'],
    ['a field that does not exist', { grid: [{ pointer: '/hyperparameters/stepz', values: [1, 2] }] }, 'validation_failed', '/hyperparameters/stepz'],
    ['more images than there are', { grid: [{ pointer: '/style_ref/mix/person', values: [3, 4] }] }, 'unusable_dataset', '/style_ref/mix/person'],
  ])('refuses %s before it makes any job', async (_case, body, code, pointer) => {
    const before = await api.database.outbox.count();
    const answer = await post(body);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code, errors: [{ pointer }] });
    expect(await api.database.outbox.count()).toBe(before);
  });
});

describe('GET /v1/studies/{id}', () => {
  it('compares what the jobs have come to', async () => {
    const { body } = await post({ grid: [{ pointer: '/hyperparameters/seed', values: [1, 2] }] });
    const [first, second] = body.report.map(({ training_job_id }) => training_job_id) as [string, string];
    const { trainingJobs, metrics, events } = api.database;
    await trainingJobs.claim(first);
    const point = (step: number, loss: number) => ({ step, loss, style_ref_loss: loss, aux_loss: null, grad_norm: 1, learning_rate: 1 });
    await metrics.record(first, Array.from({ length: 20 }, (_, i) => point(i + 1, i < 18 ? 100 : i)));
    for (const [step, value] of [[10, 3], [20, 1], [20, 2]]) await events.append(first, 'validation.done', { step: step ?? 0, images: 1, scores: { 'kid@mini-clip': value ?? 0 } });
    await trainingJobs.setStatus(first, { from: 'running', to: 'failed', error: { code: 'training_diverged', message: 'x', retryable: false } });
    await api.call('POST', `/v1/training-jobs/${second}/cancel`);
    const read = await api.call<StudyBody>('GET', `/v1/studies/${body.id}`);
    expect(read.body.status).toBe('finished');
    expect(read.body.report[0]).toMatchObject({
      status: 'failed', style_ref_loss: 18.5, aux_loss: null, scores: [{ step: 10, scores: { 'kid@mini-clip': 3 } }, { step: 20, scores: { 'kid@mini-clip': 2 } }],
    });
    expect(read.body.report[1]).toMatchObject({ status: 'cancelled', style_ref_loss: null, scores: [], seconds: null });
  });

  it('is nobody else\'s', async () => {
    const { body } = await post({ grid: [{ pointer: '/hyperparameters/seed', values: [1, 2] }] });
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    expect((await api.call('GET', `/v1/studies/${body.id}`, { key })).status).toBe(404);
  });
});
