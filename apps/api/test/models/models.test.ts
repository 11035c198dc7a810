// The registry over HTTP: names, versions, aliases, covers, and models by their name wherever a model is named.
import { clientOf } from '@styleforge/database/testing';
import type { EvaluationBody, GenerationBody, ModelBody, ModelVersionBody, TrainingJobBody } from '@styleforge/contracts';
import { join } from 'node:path';
import { validationImageKey } from '@styleforge/storage';
import { writeBaseModelConfigs } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { jobRequest } from '../seeded-project.ts';

let api: ApiFixture;
let dataset: string;
let job: { id: string; checkpoints: string[] };
beforeAll(async () => {
  api = await startApiFixture();
  dataset = await createDataset(api, 'style_ref', [{ seeds: [1, 2, 3] }]);
  job = await trainedJob();
});
afterAll(() => api.close());

/** A job with checkpoints of steps 5 and 9, of which the last is the result. */
async function trainedJob(): Promise<{ id: string; checkpoints: string[] }> {
  const { trainingJobs, checkpoints } = api.database;
  const { id } = (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body: jobRequest(dataset) })).body;
  await trainingJobs.claim(id);
  const ids: string[] = [];
  for (const step of [5, 9]) {
    const objectPrefix = `projects/${api.projectId}/training-jobs/${id}/checkpoints/${step}-1/`;
    const file = await api.objectStore.put(`${objectPrefix}model_index.json`, Buffer.from(`{"step":${step}}`));
    const files = [{ path: 'model_index.json', ...file }];
    ids.push((await checkpoints.record({ projectId: api.projectId, jobId: id, step, objectPrefix, files })).id);
  }
  await trainingJobs.start(id, 1);
  await trainingJobs.setStatus(id, {
    from: 'running',
    to: 'succeeded',
    attempt: 1,
    result: { final_step: 9, checkpoint_id: ids[1] ?? '' },
  });
  return { id, checkpoints: ids };
}

const create = (body: object) => api.call<ModelBody>('POST', '/v1/models', { body });
const read = async (name: string) => (await api.call<ModelBody>('GET', `/v1/models/${name}`)).body;
const eventsAfter = async (since: string) =>
  (await api.call<{ data: { type: string; data: object }[] }>('GET', `/v1/events?types=model.*&after=${since}`)).body.data.map(
    ({ type, data }) => ({ type, ...data }),
  );
const lastEvent = async () => String((await clientOf(api.database).projectEvent.findFirst({ orderBy: { id: 'desc' } }))?.id ?? 0);

describe('a named model', () => {
  it('gets its licence, words and provenance from the job, and its cover from the last validation', async () => {
    const objectKey = validationImageKey(api.projectId, job.id, 9, 0);
    const { size: sizeBytes, sha256 } = await api.objectStore.put(objectKey, await picture(77));
    const image = { jobId: job.id, step: 9, index: 0, prompt: 'x', seed: 1, width: 24, height: 24, sizeBytes, sha256, objectKey };
    await api.database.validationImages.record(image);
    const since = await lastEvent();
    const { status, body, headers } = await create({ name: 'ink', from: job.id, description: 'Ink on paper', notes: 'first' });
    expect([status, headers['location']]).toEqual([201, '/v1/models/ink']);
    expect(body).toMatchObject({
      name: 'ink',
      description: 'Ink on paper',
      license: 'apache-2.0',
      prompt_template: 'a photo of zwx style, {prompt}',
      versions: 1,
      aliases: {},
      latest: {
        model: 'ink',
        version: 1,
        reference: 'ink@1',
        aliases: ['latest'],
        notes: 'first',
        checkpoint_id: job.checkpoints[1],
        provenance: {
          training_job: { id: job.id, method: 'single-styleforge' },
          step: 9,
          adaptation: 'full',
          tokens: [{ name: 'all', token: 'zwx' }],
          datasets: [{ role: 'style_ref', id: dataset, images: 3 }],
          base_model: { name: 'tiny', source: 'hf:example/tiny', license: 'apache-2.0' },
        },
      },
    });
    expect((await api.call('GET', body.cover_url ?? '')).bytes).toEqual(await picture(77));
    expect(await eventsAfter(since)).toEqual([
      { type: 'model.created', name: 'ink' },
      { type: 'model.version_created', name: 'ink', version: 1, checkpoint_id: job.checkpoints[1] },
      { type: 'model.updated', name: 'ink' },
    ]);
  });

  it('is refused if its name is taken, looks like an id or is that of a base model, and without a trained model', async () => {
    expect((await create({ name: 'ink', from: job.id })).body).toMatchObject({ status: 409, code: 'model_exists' });
    expect((await create({ name: 'tiny', from: job.id })).body).toMatchObject({ status: 409, code: 'model_exists' });
    for (const name of ['job_x', 'Ink', 'a@b', '', '-a'])
      expect((await create({ name, from: job.id })).body).toMatchObject({ status: 422, errors: [{ pointer: '/name' }] });
    expect((await create({ name: 'other', from: 'tiny' })).body).toMatchObject({ status: 422, errors: [{ pointer: '/from' }] });
    expect((await create({ name: 'other', from: 'nobody' })).body).toMatchObject({ status: 422, code: 'unknown_model' });
    expect((await create({ name: 'other', from: job.id, prompt_template: 'no place' })).body).toMatchObject({
      errors: [{ pointer: '/prompt_template' }],
    });
    const unfinished = (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body: jobRequest(dataset) })).body.id;
    expect((await create({ name: 'other', from: unfinished })).body).toMatchObject({ status: 409, code: 'status_conflict' });
  });

  it('has versions, the newest of which is `latest`, and aliases that can be moved', async () => {
    const { status, body } = await api.call<ModelVersionBody>('POST', '/v1/models/ink/versions', {
      body: { from: job.checkpoints[0], notes: 'earlier step' },
    });
    expect([status, body.version, body.aliases, body.provenance.step]).toEqual([201, 2, ['latest'], 5]);
    const alias = (version: number, name = 'live') => api.call<ModelBody>('PUT', `/v1/models/ink/aliases/${name}`, { body: { version } });
    expect((await alias(1)).body.aliases).toEqual({ live: 1 });
    expect((await api.call<ModelVersionBody>('GET', '/v1/models/ink/versions/1')).body.aliases).toEqual(['live']);
    expect((await alias(2)).body.aliases).toEqual({ live: 2 });
    expect((await alias(3)).status).toBe(404);
    expect((await alias(1, 'latest')).body).toMatchObject({
      status: 422,
      detail: expect.stringContaining('choose another alias') as string,
    });
    const listed = await api.call<{ data: ModelVersionBody[]; next: string }>('GET', '/v1/models/ink/versions?limit=1');
    expect([listed.body.data.map(({ version }) => version), listed.body.next]).toEqual([[2], '2']);
    expect((await api.call<{ data: ModelVersionBody[] }>('GET', '/v1/models/ink/versions?after=2')).body.data).toMatchObject([
      { version: 1 },
    ]);
  });

  it('is accepted wherever a model is expected', async () => {
    const generate = async (model: string) =>
      (await api.call<GenerationBody>('POST', '/v1/images/generations', { body: { model, prompts: ['[V] cat'] } })).body;
    const cases = { ink: 0, 'ink@latest': 0, 'ink@1': 1, 'ink@live': 0 };
    for (const [name, checkpoint] of Object.entries(cases))
      expect([name, (await generate(name)).checkpoint_id]).toEqual([name, job.checkpoints[checkpoint]]);
    expect((await generate('ink@1')).config.prompts).toEqual(['zwx cat']);
    expect(await generate('ink@9')).toMatchObject({
      code: 'unknown_model',
      detail: expect.stringContaining('the newest is ink@2, @live') as string,
    });
    expect(await generate('none@1')).toMatchObject({ code: 'unknown_model', detail: expect.stringContaining('no model none@1') as string });
    const evaluation = { model: 'ink@1', reference_dataset_id: dataset, prompts: ['a cat', 'a house'], compare_with: ['base', 'ink@2'] };
    const { body } = await api.call<EvaluationBody>('POST', '/v1/evaluations', { body: evaluation });
    expect(body.config.models).toMatchObject([
      { name: 'ink@1', checkpoint_id: job.checkpoints[1] },
      { base_model: 'tiny', checkpoint_id: null },
      { name: 'ink@2', checkpoint_id: job.checkpoints[0] },
    ]);
    const stage = { ...jobRequest(dataset), evaluation: { prompts: ['a cat', 'a house'], compare_with: ['ink'] } };
    const compared = (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body: stage })).body;
    expect(compared.config.evaluation?.comparisons).toMatchObject([{ name: 'ink', checkpoint_id: job.checkpoints[0] }]);
    await api.call('POST', `/v1/training-jobs/${compared.id}/cancel`);
    await api.call('POST', `/v1/evaluations/${body.id}/cancel`);
  });

  it('protects its checkpoints: job and checkpoint cannot be deleted, and a sweep keeps them', async () => {
    await clientOf(api.database).generation.deleteMany();
    expect((await api.call('DELETE', `/v1/training-jobs/${job.id}`)).body).toMatchObject({
      code: 'in_use',
      detail: expect.stringContaining('ink@1') as string,
    });
    const { body } = await api.call('DELETE', `/v1/checkpoints/${job.checkpoints[0]}`);
    expect(body).toMatchObject({ code: 'in_use', detail: expect.stringContaining('ink@2') as string });
    expect(await api.database.checkpoints.deleteUnnamed(job.checkpoints[0] ?? '')).toBe(false);
    const soon = new Date(Date.now() + 60_000);
    const expired = await api.database.retention.expiredCheckpoints(soon);
    expect(expired.map(({ id }) => id)).not.toContain(job.checkpoints[0]);
  });

  it('can be renamed, described and given another cover, and its old cover is deleted', async () => {
    const before = await read('ink');
    const oldCover = (await api.database.models.find(api.projectId, 'ink'))?.coverKey ?? '';
    const images = await api.call<{ images: { id: string }[] }>('GET', `/v1/datasets/${dataset}`);
    const imageId = images.body.images[0]?.id;
    const change = { name: 'ink-2', license: null, prompt_template: '{prompt}, zwx style', cover_image_id: imageId };
    const { body } = await api.call<ModelBody>('PATCH', '/v1/models/ink', { body: change });
    expect(body).toMatchObject({
      id: before.id,
      name: 'ink-2',
      license: null,
      prompt_template: '{prompt}, zwx style',
      description: 'Ink on paper',
    });
    expect(body.cover_url).not.toBe(before.cover_url);
    expect(await api.objectStore.head(oldCover)).toBeNull();
    expect((await api.call('GET', '/v1/models/ink')).status).toBe(404);
    await create({ name: 'second', from: job.id });
    expect((await api.call('PATCH', '/v1/models/second', { body: { name: 'ink-2' } })).body).toMatchObject({ code: 'model_exists' });
    expect((await api.call('PATCH', '/v1/models/second', { body: {} })).status).toBe(422);
    const noted = await api.call<ModelVersionBody>('PATCH', '/v1/models/ink-2/versions/1', { body: { notes: 'for posters' } });
    expect(noted.body).toMatchObject({ notes: 'for posters', reference: 'ink-2@1' });
    await api.call('PATCH', '/v1/models/ink-2', { body: { cover_image_id: null } });
    expect((await read('ink-2')).cover_url).toBeNull();
  });

  it('cannot be deleted while unfinished work uses it, and is then deleted with everything that it has', async () => {
    const generation = (
      await api.call<GenerationBody>('POST', '/v1/images/generations', { body: { model: 'ink-2@1', prompts: ['a cat'] } })
    ).body;
    for (const url of ['/v1/models/ink-2', '/v1/models/ink-2/versions/1'])
      expect((await api.call('DELETE', url)).body).toMatchObject({
        code: 'in_use',
        detail: expect.stringContaining(generation.id) as string,
      });
    await api.call('POST', `/v1/images/generations/${generation.id}/cancel`);
    expect((await api.call('DELETE', '/v1/models/ink-2/versions/2')).status).toBe(204);
    expect(await read('ink-2')).toMatchObject({ versions: 1, aliases: {}, latest: { version: 1 } });
    const third = await api.call<ModelVersionBody>('POST', '/v1/models/ink-2/versions', { body: { from: 'ink-2@1' } });
    expect(third.body.version).toBe(3);
    const since = await lastEvent();
    const { id } = await read('ink-2');
    expect((await api.call('DELETE', '/v1/models/ink-2')).status).toBe(204);
    expect((await api.call('GET', '/v1/models/ink-2')).status).toBe(404);
    expect(await eventsAfter(since)).toEqual([{ type: 'model.deleted', name: 'ink-2' }]);
    const left: string[] = [];
    for await (const { key } of api.objectStore.list(`projects/${api.projectId}/models/${id}/`)) left.push(key);
    expect(left).toEqual([]);
    expect((await api.call('DELETE', `/v1/checkpoints/${job.checkpoints[0]}`)).status).toBe(204);
  });

  it('takes precedence over a base model that is later installed under its name, and is reported to webhooks', async () => {
    const { body: hook } = await api.call<{ id: string }>('POST', '/v1/webhooks', {
      body: { url: 'https://example.com/models', events: ['model.created', 'model.version_created', 'model.deleted'] },
    });
    await create({ name: 'third', from: job.id });
    await writeBaseModelConfigs(join(api.options.baseModelsDirectory, 'third'));
    const { body: generation } = await api.call<GenerationBody>('POST', '/v1/images/generations', {
      body: { model: 'third', prompts: ['a cat'] },
    });
    expect([generation.checkpoint_id, generation.base_model]).toEqual([job.checkpoints[1], null]);
    await api.call('POST', `/v1/images/generations/${generation.id}/cancel`);
    await api.call('POST', '/v1/models/third/versions', { body: { from: 'third' } });
    await api.call('DELETE', '/v1/models/third');
    const deliveries = await clientOf(api.database).webhookDelivery.findMany({ where: { webhookId: hook.id }, orderBy: { id: 'asc' } });
    expect(deliveries.map(({ payload }) => payload)).toMatchObject([
      { type: 'model.created', data: { name: 'third', links: { self: '/v1/models/third' } } },
      { type: 'model.version_created', data: { name: 'third', version: 2 } },
      { type: 'model.deleted', data: { name: 'third' } },
    ]);
  });
});
