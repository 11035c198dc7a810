// Generations over HTTP: which models can be named, what is resolved, how the images come back.
import { clientOf } from '@styleforge/database/testing';
import { generationCells } from '@styleforge/contracts';
import type { GenerationBody, GenerationConfig, TrainingJobBody } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { generationImageKey, generationInputKey } from '@styleforge/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
});
afterAll(() => api.close());

const post = (body: object) => api.call<GenerationBody>('POST', '/v1/images/generations', { body });

/** Does what the worker does, with an image that needs no model. */
async function finish(id: string): Promise<void> {
  const { generations } = api.database;
  const claimed = await generations.claim(id);
  if (claimed === null) throw new Error('the generation should be waiting');
  const objectKey = generationImageKey(api.projectId, id, 0);
  const { size, sha256 } = await api.objectStore.put(objectKey, await picture(7));
  const [prompt = ''] = claimed.config.prompts;
  const image = {
    generationId: id,
    projectId: api.projectId,
    index: 0,
    prompt,
    seed: 2 ** 32 - 1,
    width: 24,
    height: 24,
    sizeBytes: size,
    sha256,
    objectKey,
  };
  const first = await generations.recordImage(claimed.attempt, { id: newId('image'), ...image });
  const again = await generations.recordImage(claimed.attempt, { id: newId('image'), ...image });
  expect(again.id).toBe(first.id);
  await generations.setStatus(id, { from: 'running', to: 'succeeded', attempt: claimed.attempt });
}

describe('POST /v1/images/generations', () => {
  it('reports the words of a prompt that no text encoder reads, also when it is read again', async () => {
    const whole = await post({ model: 'tiny', prompts: ['a cat'] });
    expect(whole.body.warnings).toEqual([]);
    const prompts = ['a cat', `${'word '.repeat(300)}house`, ...Array.from({ length: 9 }, () => 'word '.repeat(300))];
    const cut = await post({ model: 'tiny', prompts });
    expect(cut.status).toBe(202);
    expect(cut.body.warnings).toHaveLength(4);
    expect(cut.body.warnings[0]).toMatch(/^\/prompts\/1: the text encoder of tiny reads \d+ positions, and ignores '.*word.*'/);
    expect(cut.body.warnings[3]).toBe('and 7 more prompts that are cut');
    const { body } = await api.call<GenerationBody>('GET', `/v1/images/generations/${cut.body.id}`);
    expect(body.warnings).toEqual(cut.body.warnings);
    expect(body.config).not.toHaveProperty('warnings');
  });

  it('reports what is an instruction in other programs and is read as words here', async () => {
    const prompts = ['a (plain) house: 3', 'a (red house:1.3), <lora:ink:0.8>', '(a cat:2)'];
    const { body } = await post({ model: 'tiny', prompts, negative_prompt: 'blurred' });
    expect(body.warnings).toEqual([
      "/prompts/1: '<lora:ink:0.8>' is read as words and loads no adapter; name adapters in `adapters`",
      "/prompts/1: '(red house:1.3)' is read as words and a number; words have no weights here",
    ]);
  });

  it.each([
    ['a cat BREAK a house', 'BREAK', 'prompts are not divided'],
    ['a cat AND a house', 'AND', 'prompts are not combined'],
    ['a ((red)) house', '((red))', 'words have no weights'],
    ['[a cat:a dog:0.5]', '[a cat:a dog:0.5]', 'do not change between steps'],
    ['embedding:EasyNegative, a cat', 'embedding:EasyNegative', 'loads no adapter'],
    ['a {red|blue} house', '{red|blue}', 'nothing is chosen'],
    ['a __color__ house', '__color__', 'nothing is chosen'],
  ])('reports that in %s, %s is read as words', async (prompt, part, meaning) => {
    const { body } = await post({ model: 'tiny', prompts: [prompt] });
    expect(body.warnings).toEqual([
      expect.stringMatching(new RegExp(`^/prompts/0: '${part.replace(/[[\]().|{}]/g, '\\$&')}' .*${meaning}`)),
    ]);
  });

  it('takes a starting image as image/jpg, in lines, and in the alphabet of URLs', async () => {
    const base64 = (await picture(77, 'jpeg', 64)).toString('base64');
    const lines = base64.replace(/(.{76})/g, '$1\r\n');
    for (const data of [base64, lines, base64.replaceAll('+', '-').replaceAll('/', '_')])
      expect((await post({ model: 'tiny', prompts: ['x'], image: `data:image/jpg;base64,${data}` })).status).toBe(202);
    const { status, body } = await post({ model: 'tiny', prompts: ['x'], image: 'https://example.com/a.png' });
    expect([status, JSON.stringify(body)]).toEqual([422, expect.stringContaining('data:image/png;base64, and the image in Base64')]);
  });

  it('reports nothing about ordinary punctuation and words', async () => {
    const { body } = await post({ model: 'tiny', prompts: ['a break and a house (at night), 3:4, {plain}, a_b'] });
    expect(body.warnings).toEqual([]);
  });

  it('resolves the defaults of the base model, then those of the method', async () => {
    const answer = await post({ model: 'tiny', prompts: ['a cat'] });
    expect(answer.status).toBe(202);
    expect(answer.headers['location']).toBe(`/v1/images/generations/${answer.body.id}`);
    expect(answer.body).toMatchObject({ status: 'queued', base_model: 'tiny', checkpoint_id: null, images: [] });
    expect(answer.body.config).toMatchObject({
      width: 64,
      height: 64,
      steps: 20,
      guidance_scale: 7.5,
      sampler: 'ddim',
      negative_prompt: null,
      num_images: 1,
    });
    // None and the empty text are two things for some families.
    for (const negative of [null, ''])
      expect((await post({ model: 'tiny', prompts: ['x'], negative_prompt: negative })).body.config.negative_prompt).toBe(negative);
    expect(answer.body.config.seed).toBeGreaterThanOrEqual(0);
    const other = await post({
      model: 'tiny',
      prompts: ['a cat'],
      steps: 5,
      sampler: 'euler',
      seed: 3,
      width: 72,
      height: 80,
      guidance_scale: 1,
      negative_prompt: 'x',
    });
    expect(other.body.config).toMatchObject({
      width: 72,
      height: 80,
      steps: 5,
      guidance_scale: 1,
      sampler: 'euler',
      negative_prompt: 'x',
      seed: 3,
    });
  });

  it('queues the work once, and responds with the images if they are ready in time', async () => {
    const waiting = post({ model: 'tiny', prompts: ['a dog'], wait: 20 });
    let id: string | undefined;
    while (id === undefined) {
      const publish = async (messages: { key: string }[]) => {
        for (const { key } of messages) if ((await api.database.generations.get(key))?.config.prompts[0] === 'a dog') id = key;
      };
      await api.database.outbox.release({ topic: 'generate', room: async () => 100, publish });
    }
    await finish(id);
    const answer = await waiting;
    expect([answer.status, answer.body.status, answer.body.id]).toEqual([200, 'succeeded', id]);
    expect(answer.body.images).toMatchObject([{ index: 0, prompt: 'a dog', seed: 2 ** 32 - 1, width: 24 }]);
    const image = await api.call('GET', answer.body.images[0]?.url ?? '');
    expect([image.status, image.headers['content-type']]).toEqual([200, 'image/png']);
    expect(image.bytes).toEqual(await picture(7));
    expect((await api.call('GET', `/v1/images/generations/${id}`)).body).toEqual(answer.body);
  });

  it('responds with the existing images when time is up, and refuses a repetition while the first request waits', async () => {
    const late = await post({ model: 'tiny', prompts: ['a bird'], wait: 0.1 });
    expect([late.status, late.body.status, late.body.images]).toEqual([202, 'queued', []]);
    const send = () =>
      api.call<GenerationBody>('POST', '/v1/images/generations', {
        body: { model: 'tiny', prompts: ['a fish'], wait: 30 },
        headers: { 'idempotency-key': 'waits' },
      });
    const first = send();
    const find = () => clientOf(api.database).generation.findFirst({ where: { config: { path: ['prompts', '0'], equals: 'a fish' } } });
    let row = await find();
    while (row === null) row = await find();
    expect(await send()).toMatchObject({ status: 409, body: { code: 'idempotency_in_progress' } });
    await finish(row.id);
    const answer = await first;
    expect([answer.status, answer.body.status]).toEqual([200, 'succeeded']);
    expect(await send()).toMatchObject({ status: 200, body: answer.body, headers: { 'idempotency-replayed': 'true' } });
  });

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

  it('refuses too many images and unknown samplers', async () => {
    const many = await post({ model: 'tiny', prompts: Array.from({ length: 100 }, () => 'x'), num_images: 3 });
    expect(many.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/num_images' }] });
    expect((await post({ model: 'tiny', prompts: ['x'], sampler: 'magic' })).body).toMatchObject({ errors: [{ pointer: '/sampler' }] });
  });
});

describe('GET /v1/images/generations/{id}', () => {
  it('shows a failure, and is invisible to other projects', async () => {
    const { body } = await post({ model: 'tiny', prompts: ['x'] });
    await api.database.generations.claim(body.id);
    const error = { code: 'internal_error' as const, message: 'the weights cannot be read', retryable: false };
    await api.database.generations.setStatus(body.id, { from: 'running', to: 'failed', error });
    expect((await api.call('GET', `/v1/images/generations/${body.id}`)).body).toMatchObject({ status: 'failed', error });
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    expect((await api.call('GET', `/v1/images/generations/${body.id}`, { key })).status).toBe(404);
  });
});

it('shows an old generation with current defaults for settings that did not exist', async () => {
  const { body } = await post({ model: 'tiny', prompts: ['x'] });
  await clientOf(api.database).$executeRaw`update generations set config = config - 'sampler' - 'num_images' where id = ${body.id}`;
  expect((await api.call('GET', `/v1/images/generations/${body.id}`)).body).toEqual(body);
});

describe('POST /v1/images/generations/{id}/cancel', () => {
  const cancel = (id: string, key = api.key) => api.call<GenerationBody>('POST', `/v1/images/generations/${id}/cancel`, { key });

  it('cancels a waiting generation, and no worker claims it', async () => {
    const { body } = await post({ model: 'tiny', prompts: ['x'] });
    expect(await cancel(body.id)).toMatchObject({ status: 200, body: { status: 'cancelled', finished_at: expect.any(String) as string } });
    expect(await api.database.generations.claim(body.id)).toBeNull();
    expect((await cancel(body.id)).body).toEqual((await cancel(body.id)).body);
  });

  it('cancels a running generation, whose worker loses it and can store no further image', async () => {
    const { body } = await post({ model: 'tiny', prompts: ['x', 'y'] });
    const { generations } = api.database;
    const claimed = await generations.claim(body.id);
    if (claimed === null) throw new Error('the generation should be waiting');
    expect(await generations.isHeld(body.id, claimed.attempt)).toBe(true);
    await cancel(body.id);
    expect(await generations.isHeld(body.id, claimed.attempt)).toBe(false);
    const image = {
      id: newId('image'),
      generationId: body.id,
      projectId: api.projectId,
      index: 0,
      prompt: 'x',
      seed: 1,
      width: 8,
      height: 8,
      sizeBytes: 1,
      sha256: '',
      objectKey: 'k',
    };
    await expect(generations.recordImage(claimed.attempt, image)).rejects.toThrow(/does not hold/);
    await expect(generations.setStatus(body.id, { from: 'running', to: 'succeeded', attempt: claimed.attempt })).rejects.toThrow(
      /cancelled/,
    );
  });

  it('does not change a finished generation, and finds none of other projects', async () => {
    const { body } = await post({ model: 'tiny', prompts: ['x'] });
    await finish(body.id);
    expect((await cancel(body.id)).body).toMatchObject({ status: 'succeeded', images: [{ index: 0 }] });
    const { projectId } = await api.database.apiKeys.createProject('another');
    expect((await cancel(body.id, (await api.database.apiKeys.create(projectId, 'another')).key)).status).toBe(404);
  });
});

describe('GET /v1/images/generations', () => {
  it('lists generations of the project newest first in pages, by status, without images', async () => {
    const { projectId } = await api.database.apiKeys.createProject('a project of its own');
    const { key } = await api.database.apiKeys.create(projectId, 'a key of its own');
    const list = async (query: string) =>
      (
        await api.call<{ data: GenerationBody[]; has_more: boolean; next: string | null }>('GET', `/v1/images/generations?${query}`, {
          key,
        })
      ).body;
    const ids: string[] = [];
    for (const prompt of ['1', '2', '3']) {
      ids.unshift(
        (await api.call<GenerationBody>('POST', '/v1/images/generations', { body: { model: 'tiny', prompts: [prompt] }, key })).body.id,
      );
    }
    await api.call('POST', `/v1/images/generations/${ids[0]}/cancel`, { key });
    const first = await list('limit=2');
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.data[0]).not.toHaveProperty('images');
    expect([first.has_more, first.next]).toEqual([true, ids[1]]);
    expect((await list(`after=${first.next}`)).data.map(({ id }) => id)).toEqual(ids.slice(2));
    expect((await list('status=queued')).data.map(({ id }) => id)).toEqual(ids.slice(1));
    expect((await api.call('GET', '/v1/images/generations?status=lost', { key })).status).toBe(422);
  });
});

describe('an initial image', () => {
  it('is an uploaded image, an earlier generated one, or an image in the request, and is stored unchanged', async () => {
    const dataset = await createDataset(api, 'style_ref');
    const { body } = await api.call<{ images: { id: string }[] }>('GET', `/v1/datasets/${dataset}`);
    const uploaded = body.images[0]!.id;
    const first = await post({ model: 'tiny', prompts: ['a cat'], image: uploaded });
    expect(first.body.config).toMatchObject({ image: { id: uploaded }, strength: 0.6, format: 'png', quality: null });
    const original = (await api.call('GET', `/v1/images/${uploaded}`)).bytes;
    expect((await api.call('DELETE', `/v1/images/${uploaded}`)).status).toBe(204);
    expect(Buffer.from(await api.objectStore.get(generationInputKey(api.projectId, first.body.id)))).toEqual(original);
    await finish(first.body.id);
    const generated = (await api.call<GenerationBody>('GET', `/v1/images/generations/${first.body.id}`)).body.images[0]!.id;
    expect((await post({ model: 'tiny', prompts: ['a cat'], image: generated, strength: 0.3 })).body.config).toMatchObject({
      image: { id: generated },
      strength: 0.3,
    });
    const data = `data:image/png;base64,${(await picture(3)).toString('base64')}`;
    const sent = await post({ model: 'tiny', prompts: ['a cat'], image: data });
    expect(sent.body.config.image).toEqual({ id: null });
    expect(await api.objectStore.head(generationInputKey(api.projectId, sent.body.id))).not.toBeNull();
    await api.call('POST', `/v1/images/generations/${sent.body.id}/cancel`);
    expect((await api.call('DELETE', `/v1/images/generations/${sent.body.id}`)).status).toBe(204);
    expect(await api.objectStore.head(generationInputKey(api.projectId, sent.body.id))).toBeNull();
  });

  it.each([
    [{ image: newId('image') }, '/image', 'there is no image'],
    [{ image: 'data:image/png;base64,AAAA' }, '/image', 'PNG'],
    [{ image: 'https://example.com/cat.png' }, '/image', ''],
    [{ strength: 0.5 }, '/strength', 'set an image'],
    [{ quality: 50 }, '/quality', 'applies only to jpeg and webp'],
    [{ format: 'jpeg', quality: 101 }, '/quality', ''],
    [{ grid: { x: { parameter: 'strength', values: [0.1] } } }, '/grid/x/parameter', 'set an image'],
    [{ grid: { x: { parameter: 'text_guidance', values: [1] } } }, '/grid/x/parameter', 'style_guidance'],
    [{ grid: { x: { parameter: 'steps', values: [5, 'many'] } } }, '/grid/x/values/1', ''],
    [{ grid: { x: { parameter: 'steps', values: [5] }, y: { parameter: 'steps', values: [6] } } }, '/grid/y/parameter', 'must differ'],
    [{ grid: { x: { parameter: 'prompt', values: [null] } } }, '/grid/x/values/0', 'must be a text'],
    [{ grid: { x: { parameter: 'prompt', values: ['[V] cat'] } } }, '/grid/x/values/0', 'tiny has none'],
    [{ num_images: 16, grid: { x: { parameter: 'seed', values: Array.from({ length: 16 }, (_, i) => i) } } }, '/num_images', 'cells'],
  ])('is refused as %j, with its field', async (change, pointer, detail) => {
    const { status, body } = await api.call<{ errors: { pointer: string; detail: string }[] }>('POST', '/v1/images/generations', {
      body: { model: 'tiny', prompts: ['a cat'], ...change },
    });
    expect([status, body.errors[0]?.pointer]).toEqual([422, pointer]);
    expect(body.errors[0]?.detail).toContain(detail);
  });
});

it('accepts null in a grid of negative prompts as in a request: no prompt, which is not the empty text', async () => {
  const grid = { x: { parameter: 'negative_prompt', values: [null, '', 'blurry'] } };
  const { status, body } = await post({ model: 'tiny', prompts: ['a cat'], negative_prompt: 'ugly', grid });
  expect([status, body.config.grid?.x.values]).toEqual([202, [null, '', 'blurry']]);
  const cells = generationCells(body.config as unknown as GenerationConfig);
  expect(cells.map(({ config }) => config.negative_prompt)).toEqual([null, '', 'blurry']);
});

it('shows the position of each image in the grid', async () => {
  const grid = { x: { parameter: 'steps', values: [2, 4] }, y: { parameter: 'prompt', values: ['a cat', 'a dog'] } };
  const { body } = await post({ model: 'tiny', prompts: ['unused'], grid, format: 'webp' });
  expect(body.config).toMatchObject({ grid, format: 'webp', quality: 90 });
  await finish(body.id);
  const { body: finished } = await api.call<GenerationBody>('GET', `/v1/images/generations/${body.id}`);
  expect(finished.images).toMatchObject([{ index: 0, cell: { x: 0, y: 0 }, format: 'webp' }]);
});
