// Which models and adapters a generation can name, and what their tokens and scales mean.
import { clientOf } from '@styleforge/database/testing';
import type { TrainingJobBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset } from '../api-fixture.ts';
import { api, post, setUp, tearDown } from './generation-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('the model of a generation', () => {
  it('accepts a succeeded job or a checkpoint as the model, and says what is wrong with others', async () => {
    const styleRef = await createDataset(api, 'style_ref');
    const body = {
      method: 'single-styleforge',
      base_model: 'tiny',
      style_ref: { dataset_id: styleRef },
      hyperparameters: { resolution: 32 },
    };
    const job = (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body })).body;
    expect((await post({ model: job.id, prompts: ['x'] })).body).toMatchObject({
      code: 'status_conflict',
      detail: expect.stringMatching(/is queued: wait until it has succeeded, or name/),
    });
    const left = (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body })).body;
    await api.call('POST', `/v1/training-jobs/${left.id}/cancel`);
    expect((await post({ model: left.id, prompts: ['x'] })).body).toMatchObject({
      code: 'status_conflict',
      detail: expect.stringMatching(/is cancelled: resume it, or name/),
    });
    await api.database.trainingJobs.claim(job.id);
    await api.database.trainingJobs.start(job.id, 1);
    const checkpoint = await api.database.checkpoints.record({
      projectId: api.projectId,
      jobId: job.id,
      step: 1,
      objectPrefix: 'p/',
      files: [],
    });
    const byCheckpoint = await post({ model: checkpoint.id, prompts: ['x, [V] style, [all]'] });
    expect(byCheckpoint.body).toMatchObject({
      checkpoint_id: checkpoint.id,
      training_job_id: job.id,
      base_model: null,
      config: { width: 32, steps: 20, prompts: ['x, zwx style, zwx'] },
    });
    await api.database.trainingJobs.setStatus(job.id, {
      from: 'running',
      to: 'succeeded',
      result: { final_step: 1, checkpoint_id: checkpoint.id },
    });
    expect((await post({ model: job.id, prompts: ['x'] })).body).toMatchObject({ checkpoint_id: checkpoint.id });
    await clientOf(api.database).checkpoint.delete({ where: { id: checkpoint.id } });
    for (const model of [job.id, checkpoint.id, 'nothing', 'job_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70', 'ckpt_x', '../tiny']) {
      expect((await post({ model, prompts: ['x'] })).body).toMatchObject({
        status: 422,
        code: 'unknown_model',
        errors: [{ pointer: '/model' }],
      });
    }
  });

  it('accepts adapters of the same base model, each with its strength, and says what is wrong with others', async () => {
    const styleRef = await createDataset(api, 'style_ref');
    const checkpointOf = async (changes: object) => {
      const body = {
        method: 'lora',
        base_model: 'tiny',
        style_ref: { dataset_id: styleRef },
        hyperparameters: { resolution: 32 },
        ...changes,
      };
      const { id: jobId } = (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body })).body;
      return api.database.checkpoints.record({ projectId: api.projectId, jobId, step: 1, objectPrefix: `${jobId}/`, files: [] });
    };
    const [lora, whole] = [await checkpointOf({}), await checkpointOf({ method: 'single-styleforge' })];
    const answer = await post({ model: 'tiny', prompts: ['[V] cat'], adapters: [{ model: lora.id, strength: 0.5 }, { model: lora.id }] });
    expect(answer.body.config).toMatchObject({
      prompts: ['zwx cat'],
      adapters: [
        { model: lora.id, checkpoint_id: lora.id, strength: 0.5 },
        { model: lora.id, checkpoint_id: lora.id, strength: 1 },
      ],
    });
    expect((await post({ model: whole.id, prompts: ['x'], adapters: [{ model: lora.id }] })).status).toBe(202);
    for (const [model, code] of [
      [whole.id, 'validation_failed'],
      ['tiny', 'validation_failed'],
      ['ckpt_x', 'unknown_model'],
    ]) {
      expect((await post({ model: 'tiny', prompts: ['x'], adapters: [{ model }] })).body).toMatchObject({
        code,
        errors: [{ pointer: '/adapters/0/model' }],
      });
    }
  });

  it('guides an adapted model by two scales, and says what they compare', async () => {
    const body = {
      method: 'styledrop',
      base_model: 'tiny',
      style_ref: { dataset_id: await createDataset(api, 'style_ref', [{ seeds: [1] }]) },
      hyperparameters: { resolution: 32, use_captions: false },
    };
    const { id: jobId } = (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body })).body;
    const { id: model } = await api.database.checkpoints.record({
      projectId: api.projectId,
      jobId,
      step: 1,
      objectPrefix: `${jobId}/`,
      files: [],
    });
    const guided = async (more: object) => (await post({ model, prompts: ['x'], ...more })).body.config;
    expect(await guided({})).toMatchObject({ style_guidance: null, text_guidance: null });
    expect(await guided({ style_guidance: 1, guidance_scale: 4 })).toMatchObject({ style_guidance: 1, text_guidance: 3 });
    expect(await guided({ text_guidance: 6 })).toMatchObject({ style_guidance: 2, text_guidance: 6 });
    for (const [pointer, more] of [
      ['/style_guidance', { model: 'tiny', style_guidance: 1 }],
      ['/text_guidance', { guidance_scale: 3, text_guidance: 1 }],
    ] as const)
      expect((await post({ model, prompts: ['x'], ...more })).body).toMatchObject({ code: 'validation_failed', errors: [{ pointer }] });
  });

  it('puts the tokens of the model into the prompts, and refuses them if there are none', async () => {
    const base = await post({ model: 'tiny', prompts: ['a cat', 'a photo of [V] style, cat'] });
    expect([base.status, base.body]).toMatchObject([422, { code: 'validation_failed', errors: [{ pointer: '/prompts/1' }] }]);
    expect((await post({ model: 'tiny', prompts: ['a [person]'] })).body.config.prompts).toEqual(['a [person]']);
  });
});
