// New training jobs over HTTP: defaults, refusals, and the check without a job.
import { costKey } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset } from '../api-fixture.ts';
import { api, aux, create, post, request, setUp, styleRef, tearDown } from './job-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

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

  it('accepts a name and notes, which can be changed later', async () => {
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

  it('refuses too few images, and images that are too small, by their names', async () => {
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
        ...{ validation: null, early_stopping: null },
        estimate: expect.objectContaining({ seconds: null, devices: [] }) as object,
      },
    ]);
    expect(await api.database.outbox.count()).toBe(before);
  });

  it('shows how validation and early stopping resolve', async () => {
    const validation = { prompts: ['a [V] cat'], every_steps: 2 };
    expect((await check({ validation, early_stopping: { metric: 'clip', patience: 3 } })).body).toMatchObject({
      validation: { prompts: ['a zwx cat'], every_steps: 2, num_images: 1 },
      early_stopping: { metric: 'clip', patience: 3, min_steps: 0, min_clip_share: null, reference_dataset_id: null },
    });
  });

  it("estimates the card's own memory from an earlier job, and whether the worker recomputes activations to save some", async () => {
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
