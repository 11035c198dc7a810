// Evaluations over HTTP: what is resolved, what is refused, who sees them. Their images and reports are made in test/integration.
import type { EvaluationBody, EvaluationVotesBody, Page, Report, TrainingJobBody } from '@styleforge/contracts';
import { clientOf } from '@styleforge/database/testing';
import { evaluationReportKey } from '@styleforge/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleModel, sampleReport } from '../../../../test/integration/sample-report.ts';
import { writeBaseModelConfigs } from '@styleforge/testing';
import { join } from 'node:path';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import { seedProject } from '../seeded-project.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let styleRef: string;
let single: string;
let empty: string;
beforeAll(async () => {
  api = await startApiFixture();
  styleRef = await createDataset(api, 'style_ref', [{ seeds: [1, 2, 3] }]);
  single = await createDataset(api, 'aux', [{ seeds: [7] }]);
  empty = await createDataset(api, 'aux', []);
});
afterAll(() => api.close());

const post = (body: object) =>
  api.call<EvaluationBody>('POST', '/v1/evaluations', { body: { model: 'tiny', reference_dataset_id: styleRef, ...body } });
const postJob = (evaluation: object | null) =>
  api.call<TrainingJobBody>('POST', '/v1/training-jobs', {
    body: { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: styleRef }, evaluation },
  });

/** A job that has been trained, without a worker. */
async function trainedJob(): Promise<string> {
  const { body } = await postJob(null);
  const { trainingJobs, checkpoints } = api.database;
  await trainingJobs.claim(body.id);
  await trainingJobs.start(body.id, 1);
  const { id } = await checkpoints.record({ projectId: api.projectId, jobId: body.id, step: 30, objectPrefix: 'x/', files: [] });
  await trainingJobs.setStatus(body.id, { from: 'running', to: 'succeeded', result: { final_step: 30, checkpoint_id: id } });
  return body.id;
}

describe('POST /v1/evaluations', () => {
  it('resolves prompts, sampling, extractors and models', async () => {
    const job = await trainedJob();
    const { status, body, headers } = await post({ model: job, prompts: 'mini', compare_with: ['base'], metrics: ['kid', 'kid', 'clip'] });
    expect([status, headers['location'], body.status]).toEqual([202, `/v1/evaluations/${body.id}`, 'queued']);
    expect(body.config).toMatchObject({
      prompt_set: { name: 'mini', version: 1 },
      num_images: 1,
      sampler: 'ddim',
      steps: 20,
      guidance_scale: 7.5,
      seed: 0,
      width: 64,
      height: 64,
      metrics: ['kid', 'clip'],
      extractor: 'inception-v3-fid',
      clip_extractor: 'clip',
      reference_dataset_id: styleRef,
    });
    expect(body.config.prompts).toHaveLength(100);
    expect(body.config.models).toMatchObject([
      {
        name: job,
        label: 'Single-StyleForge, 30 steps',
        training_job_id: job,
        step: 30,
        prompt_prefix: 'a photo of zwx style, ',
        tokens: [{ name: 'all', token: 'zwx' }],
      },
      {
        name: 'base',
        label: 'base model tiny',
        base_model: 'tiny',
        checkpoint_id: null,
        prompt_prefix: 'a photo of zwx style, ',
        tokens: [{ name: 'all', token: 'zwx' }],
      },
    ]);
    expect((await api.call('GET', `/v1/evaluations/${body.id}`)).body).toEqual(body);
  });

  it("uses prompts and extractors of the base model's own file, whatever the model's name is", async () => {
    const evaluation = { prompts: 'mini', extractor: 'mini-clip', clip_extractor: 'mini-clip' };
    await writeBaseModelConfigs(join(api.options.baseModelsDirectory, 'small'), { 'styleforge.json': { resolution: 64, evaluation } });
    await writeBaseModelConfigs(join(api.options.baseModelsDirectory, 'styleforge-mini'));
    const defaultsOf = async (model: string) => {
      const { prompt_set, extractor, clip_extractor } = (await post({ model })).body.config;
      return { prompts: prompt_set?.name, extractor, clip_extractor };
    };
    expect(await defaultsOf('small')).toEqual(evaluation);
    expect(await defaultsOf('styleforge-mini')).toEqual({ prompts: 'general', extractor: 'inception-v3-fid', clip_extractor: 'clip' });
    const own = await post({ model: 'small', prompts: ['a cat', 'a dog'], extractor: 'clip' });
    expect(own.body.config).toMatchObject({ prompt_set: null, extractor: 'clip', clip_extractor: 'mini-clip' });
    const trains = {
      method: 'styledrop',
      base_model: 'small',
      style_ref: { dataset_id: styleRef },
      styledrop: { candidates: {} },
      hyperparameters: { use_captions: false },
    };
    const job = await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body: { ...trains, evaluation: {} } });
    expect(job.status, JSON.stringify(job.body)).toBe(202);
    expect(job.body.config.styledrop?.candidates?.clip_extractor).toBe('mini-clip');
    expect(job.body.config.evaluation).toMatchObject({ prompt_set: { name: 'mini' }, extractor: 'mini-clip' });
  });

  it.each<[string, () => object, string, string]>([
    ['an unknown prompt set', () => ({ prompts: 'nowhere' }), 'unknown_prompt_set', '/prompts'],
    ['an unknown model', () => ({ model: 'nowhere' }), 'unknown_model', '/model'],
    ['an unknown model to compare with', () => ({ compare_with: ['nowhere'] }), 'unknown_model', '/compare_with/0'],
    ['the model itself to compare with', () => ({ compare_with: ['base'] }), 'unknown_model', '/compare_with/0'],
    ['a placeholder for the token of a base model', () => ({ prompts: ['a house', 'a [V] cat'] }), 'validation_failed', '/prompts/1'],
    ['a single image', () => ({ prompts: ['a house'] }), 'validation_failed', '/num_images'],
    ['a single image for CLIP scores alone', () => ({ prompts: ['a house'], metrics: ['clip'] }), 'validation_failed', '/num_images'],
    ['too many images', () => ({ prompts: 'general', num_images: 1000 }), 'validation_failed', '/num_images'],
    ['no reference for kid', () => ({ reference_dataset_id: undefined, metrics: ['kid'] }), 'validation_failed', '/reference_dataset_id'],
    ['an empty reference', () => ({ reference_dataset_id: empty }), 'unusable_dataset', '/reference_dataset_id'],
    ['a reference of one image', () => ({ reference_dataset_id: single }), 'unusable_dataset', '/reference_dataset_id'],
    [
      'a reference that is not there',
      () => ({ reference_dataset_id: 'ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70' }),
      'unusable_dataset',
      '/reference_dataset_id',
    ],
    ['an extractor that does not exist', () => ({ extractor: 'resnet' }), 'validation_failed', '/extractor'],
    ['an extractor without texts for CLIP scores', () => ({ clip_extractor: 'inception-v3-fid' }), 'validation_failed', '/clip_extractor'],
  ])('refuses %s', async (_case, changes, code, pointer) => {
    const { status, body } = await post({ prompts: ['a house', 'a cat'], ...changes() });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code, errors: [{ pointer }] });
  });

  it('needs no reference for CLIP scores only', async () => {
    const { body } = await post({ reference_dataset_id: undefined, metrics: ['clip'], prompts: ['a house', 'a cat'] });
    expect(body.config.reference_dataset_id).toBeNull();
  });
});

describe('an evaluation', () => {
  it('keeps its reference dataset until it has ended', async () => {
    const reference = await createDataset(api, 'aux', [{ seeds: [40, 41] }]);
    const { body } = await post({ prompts: ['a house', 'a cat'], reference_dataset_id: reference });
    const remove = () => api.call('DELETE', `/v1/datasets/${reference}`);
    expect((await remove()).body).toMatchObject({
      status: 409,
      code: 'dataset_in_use',
      detail: expect.stringContaining(`is used by ${body.id}. Cancel`),
    });
    await api.database.evaluations.claim(body.id);
    expect((await remove()).status).toBe(409);
    await api.database.evaluations.setStatus(body.id, { from: 'running', to: 'cancelled' });
    expect((await remove()).status).toBe(204);
    expect(await api.database.evaluations.create({ projectId: api.projectId, config: body.config })).toBeNull();
  });

  it('is cancelled immediately while it is queued, has no report then, and is invisible to other projects', async () => {
    const { body } = await post({ prompts: ['a house', 'a cat'] });
    const cancelled = await api.call<EvaluationBody>('POST', `/v1/evaluations/${body.id}/cancel`);
    expect([cancelled.status, cancelled.body.status]).toEqual([202, 'cancelled']);
    expect((await api.call('GET', `/v1/evaluations/${body.id}/report`)).body).toMatchObject({ code: 'status_conflict' });
    expect((await api.call<Page<EvaluationBody>>('GET', '/v1/evaluations?limit=1')).body.data[0]?.id).toBe(body.id);
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    for (const path of ['', '/images', '/images/0/0', '/report'])
      expect((await api.call('GET', `/v1/evaluations/${body.id}${path}`, { key })).status).toBe(404);
  });
});

it('shows an old evaluation and its report with current defaults for settings that did not exist', async () => {
  const { body } = await post({ prompts: ['a house', 'a cat'] });
  await clientOf(api.database)
    .$executeRaw`update evaluations set config = config - 'seed' - 'negative_prompt' - 'prompt_set' where id = ${body.id}`;
  expect((await api.call('GET', `/v1/evaluations/${body.id}`)).body).toEqual(body);
  // The worker reads the very same.
  expect((await api.database.evaluations.claim(body.id))?.config).toEqual(body.config);
  const report = sampleReport([sampleModel('tiny', { kid: 0.1, clip: 20, trained: false })], { id: body.id });
  const { token_disentanglement: _later, ...old } = report;
  await api.objectStore.put(evaluationReportKey(api.projectId, body.id), Buffer.from(JSON.stringify(old)));
  await api.database.evaluations.setStatus(body.id, { from: 'running', to: 'succeeded', attempt: 1 });
  expect((await api.call('GET', `/v1/evaluations/${body.id}/report`)).body).toEqual(report);
});

describe('blind votes', () => {
  it('are stored once for a key and a pair, are part of the report, and can be deleted with their key', async () => {
    const { evaluations: id = '' } = await seedProject(api);
    const path = `/v1/evaluations/${id}/votes`;
    const vote = (votes: object[], key = api.key) => api.call<EvaluationVotesBody>('PUT', path, { body: { votes }, key });
    const report = async () => (await api.call<Report>('GET', `/v1/evaluations/${id}/report`)).body;
    expect((await report()).votes).toBeNull();
    expect((await api.call('GET', path)).body).toEqual({ evaluation_id: id, own: [], tally: { voters: 0, votes: 0, pairs: [] } });
    const pair = { index: 0, first: 0, second: 1 };
    await vote([
      { ...pair, preferred: null },
      { ...pair, index: 1, preferred: 'first' },
    ]);
    const again = await vote([{ ...pair, preferred: 'second' }]);
    expect(again.body.own.map(({ preferred }) => preferred)).toEqual(['second', 'first']);
    const other = await api.database.apiKeys.create(api.projectId, 'another voter', ['write']);
    await vote([{ ...pair, preferred: 'first' }], other.key);
    const tally = { voters: 2, votes: 3, pairs: [{ first: 0, second: 1, first_preferred: 2, second_preferred: 1, no_difference: 0 }] };
    expect((await report()).votes).toEqual(tally);
    const page = await api.app.inject({
      url: `/v1/evaluations/${id}/report`,
      headers: { authorization: `Bearer ${api.key}`, accept: 'text/html' },
    });
    expect(page.body).toContain('Blind votes');
    expect((await api.call('DELETE', path)).status).toBe(204);
    expect((await report()).votes).toMatchObject({ voters: 1, votes: 1 });
  });

  it('are refused for unknown images and models, for a reversed pair, and for a pair twice in one request', async () => {
    const { evaluations: id = '' } = await seedProject(api);
    const errorsOf = async (...votes: object[]) => {
      const { status, body } = await api.call<{ errors: object[] }>('PUT', `/v1/evaluations/${id}/votes`, { body: { votes } });
      return [status, body.errors];
    };
    const pair = { index: 0, first: 0, second: 1, preferred: null };
    expect(await errorsOf(pair, { ...pair, index: 9 })).toEqual([
      422,
      [
        { pointer: '/votes/1/index', detail: 'model 0 has no image 9' },
        { pointer: '/votes/1/second', detail: 'must be below 1, the number of models' },
      ],
    ]);
    expect(await errorsOf({ ...pair, first: 1, second: 0 })).toMatchObject([422, [{ pointer: '/votes/0/second' }]]);
    expect(await errorsOf(pair, pair)).toMatchObject([422, [{ pointer: '/votes' }]]);
    expect((await api.call<EvaluationVotesBody>('GET', `/v1/evaluations/${id}/votes`)).body.own).toEqual([]);
  });
});

describe('the evaluation of a training job', () => {
  it('is resolved with the job, with its StyleRef images as the reference', async () => {
    const { status, body } = await postJob({ prompts: ['a house', 'a cat'], compare_with: ['base'] });
    expect(status).toBe(202);
    expect(body.config.evaluation).toMatchObject({
      prompt_set: null,
      prompts: ['a house', 'a cat'],
      steps: 20,
      reference_dataset_id: styleRef,
      comparisons: [{ name: 'base' }],
    });
    expect((await api.call('GET', `/v1/training-jobs/${body.id}/report`)).body).toMatchObject({ code: 'status_conflict' });
  });

  it('points at wrong fields below /evaluation', async () => {
    expect((await postJob({ prompts: 'nowhere' })).body).toMatchObject({
      code: 'unknown_prompt_set',
      errors: [{ pointer: '/evaluation/prompts' }],
    });
    expect((await postJob({ prompts: ['a house', 'a cat'], compare_with: ['base', 'base'] })).body).toMatchObject({
      code: 'unknown_model',
      errors: [{ pointer: '/evaluation/compare_with/1' }],
    });
  });

  it('does not exist for a job without one', async () => {
    const { body } = await api.call<{ detail: string }>('GET', `/v1/training-jobs/${await trainedJob()}/report`);
    expect(body).toMatchObject({ code: 'not_found' });
    expect(body.detail).toContain('POST /v1/evaluations');
  });
});
