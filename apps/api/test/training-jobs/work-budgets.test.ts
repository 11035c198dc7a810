// What a project may have unfinished of generated images: too large a request names its fields, too many requests wait, and other projects
// notice nothing.
import { clientOf } from '@styleforge/database/testing';
import { buildApp } from '@styleforge/api';
import type { Problem } from '@styleforge/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let app: ApiFixture['app'];
beforeAll(async () => {
  api = await startApiFixture();
  app = await buildApp({ ...api.options, generationBudgetPerProject: 1_000, evaluationBudgetPerProject: 1_000 });
});
afterAll(async () => {
  await app.close();
  await api.close();
});

async function caller(settings: { generationBudget?: number } = {}) {
  const { projectId } = await api.database.apiKeys.createProject('budgeted');
  await clientOf(api.database).project.update({ where: { id: projectId }, data: settings });
  const { key } = await api.database.apiKeys.create(projectId, 'test');
  return (url: string, payload: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url, payload, headers: { authorization: `Bearer ${key}`, ...headers } });
}
const generations = '/v1/images/generations';
/** Costs 41.9: 10 images of 256 x 256 in 32 steps with guidance. */
const some = { model: 'tiny', prompts: ['a cat'], num_images: 10, width: 256, height: 256, steps: 32, guidance_scale: 2 };
const excessive = {
  model: 'tiny',
  prompts: Array.from({ length: 12 }, (_, n) => `cat ${n}`),
  num_images: 16,
  width: 2048,
  height: 2048,
  steps: 1_000,
};

it('refuses a request that is too large by itself, and names the fields with values that would fit', async () => {
  const post = await caller();
  const answer = await post(generations, excessive);
  const problem = answer.json<Problem>();
  expect([answer.statusCode, problem.code]).toEqual([422, 'validation_failed']);
  expect(problem.errors?.map(({ pointer }) => pointer)).toEqual(['/num_images', '/steps', '/width']);
  expect(problem.errors?.[0]?.detail).toMatch(/cost 1,610,613.*1,000 unfinished: reduce it together with other fields/);
  expect(problem.errors?.[2]?.detail).toMatch(/at most 1 fits/);
  const { errors = [] } = (await post(generations, { ...some, steps: 1_000 })).json<Problem>();
  const steps = Number(/at most (\d+) fits/.exec(errors.find(({ pointer }) => pointer === '/steps')?.detail ?? '')?.[1]);
  expect(steps).toBe(762);
  expect((await post(generations, { ...some, steps })).statusCode).toBe(202);
});

it('refuses candidates of a StyleDrop job that are too many by themselves, with the field and a value that would fit', async () => {
  const post = await caller();
  const training = {
    ...{ method: 'styledrop', base_model: 'tiny', style_ref: {}, hyperparameters: { use_captions: false, resolution: 512 } },
    styledrop: { candidates: { images_per_prompt: 64 } },
  };
  const { errors = [], code } = (await post('/v1/training-jobs/check', training)).json<Problem>();
  expect([code, errors.map(({ pointer }) => pointer)]).toEqual(['validation_failed', ['/styledrop/candidates/images_per_prompt']]);
  const fitting = Number(/at most (\d+) fits/.exec(errors[0]?.detail ?? '')?.[1]);
  expect(fitting).toBeGreaterThan(0);
  const smaller = { ...training, styledrop: { candidates: { images_per_prompt: fitting } } };
  expect((await post('/v1/training-jobs/check', smaller)).statusCode).toBe(200);
});

it('responds with 429 when unfinished work fills the budget exactly, also for many requests at once, until work is finished', async () => {
  const [post, other, rich] = [await caller(), await caller(), await caller({ generationBudget: 2_000 })];
  const answers = await Promise.all(Array.from({ length: 30 }, () => post(generations, some)));
  const made = answers.filter(({ statusCode }) => statusCode === 202);
  const refused = answers.filter(({ statusCode }) => statusCode === 429);
  expect([made.length, refused.length]).toEqual([23, 7]);
  expect([refused[0]?.headers['retry-after'], refused[0]?.json()]).toMatchObject(['60', { code: 'too_much_unfinished_work' }]);
  expect((await other(generations, some)).statusCode).toBe(202);
  for (let count = 0; count < 24; count += 1) expect((await rich(generations, some)).statusCode).toBe(202);
  const { id } = made[0]?.json<{ id: string }>() ?? { id: '' };
  expect((await post(`${generations}/${id}/cancel`, {})).statusCode).toBe(200);
  expect((await post(generations, some)).statusCode).toBe(202);
  expect((await post(generations, some)).statusCode).toBe(429);
});

it('counts even the smallest request, and does not count a repetition twice', async () => {
  const post = await caller();
  const tiny = { model: 'tiny', prompts: ['a cat'], steps: 1 };
  for (let count = 0; count < 100; count += 1) {
    const headers = { 'idempotency-key': `small-${count}` };
    expect((await post(generations, { ...tiny, seed: count }, headers)).statusCode).toBe(202);
  }
  expect((await post(generations, { ...tiny, seed: 0 }, { 'idempotency-key': 'small-0' })).statusCode).toBe(202);
  expect((await post(generations, tiny)).statusCode).toBe(429);
});

it('limits evaluations of their own, and those of training jobs', async () => {
  const post = await caller();
  const prompts = Array.from({ length: 100 }, (_, index) => `cat ${index}`);
  const request = { model: 'tiny', prompts, metrics: ['clip'], num_images: 200, steps: 100 };
  const answer = await post('/v1/evaluations', request);
  expect([answer.statusCode, answer.json<Problem>().errors?.map(({ pointer }) => pointer)]).toEqual([422, ['/num_images', '/steps']]);
  const small = { ...request, num_images: 8 };
  expect((await post('/v1/evaluations', small)).statusCode).toBe(202);
  expect((await post('/v1/evaluations', small)).json()).toMatchObject({ status: 429, code: 'too_much_unfinished_work' });

  const { model: _, ...evaluation } = request;
  const dataset = await createDataset(api, 'style_ref');
  const job = { method: 'dreambooth', base_model: 'tiny', style_ref: { dataset_id: dataset }, aux: null, evaluation };
  const refused = await app.inject({
    method: 'POST',
    url: '/v1/training-jobs',
    payload: job,
    headers: { authorization: `Bearer ${api.key}` },
  });
  expect([refused.statusCode, refused.json<Problem>().errors?.map(({ pointer }) => pointer)]).toEqual([
    422,
    ['/evaluation/num_images', '/evaluation/steps'],
  ]);
});
