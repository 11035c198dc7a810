// Generations over HTTP: what is resolved and refused, how the images come back, lists and cancelling.
import { clientOf } from '@styleforge/database/testing';
import type { GenerationBody } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { picture } from '../api-fixture.ts';
import { api, finish, post, setUp, tearDown } from './generation-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

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
