// Prompt sets over HTTP: versions, shipped ones, who sees them.
import { createHash } from 'node:crypto';
import { PROMPT_SET_LIMITS } from '@styleforge/contracts';
import type { Page, PromptSetBody, PromptSetSummaryBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
});
afterAll(() => api.close());

const post = (body: object) => api.call<PromptSetBody>('POST', '/v1/prompt-sets', { body });
const get = (reference: string, key?: string) =>
  api.call<PromptSetBody>('GET', `/v1/prompt-sets/${reference}`, key === undefined ? {} : { key });

describe('POST /v1/prompt-sets', () => {
  it('creates a new version of an existing name, and does not change the old one', async () => {
    const first = await post({ name: 'houses', description: 'old ones', prompts: ['a house', ' a castle '] });
    expect([first.status, first.headers['location']]).toEqual([201, `/v1/prompt-sets/${first.body.id}`]);
    const sha256 = createHash('sha256').update('a house\na castle').digest('hex');
    expect(first.body).toMatchObject({
      name: 'houses',
      version: 1,
      prompt_count: 2,
      prompts: ['a house', 'a castle'],
      shipped: false,
      sha256,
    });
    const second = await post({ name: 'houses', prompts: ['a hut'] });
    expect(second.body).toMatchObject({ version: 2, description: '' });
    expect((await get('houses')).body).toEqual(second.body);
    expect((await get('houses@1')).body).toEqual(first.body);
    expect((await get(first.body.id)).body).toEqual(first.body);
  });

  it('gives two simultaneous requests for one name two version numbers', async () => {
    const made = await Promise.all([1, 2, 3, 4].map((index) => post({ name: 'raced', prompts: [`prompt ${index}`] })));
    expect(made.map(({ body }) => body.version).sort()).toEqual([1, 2, 3, 4]);
  });

  it.each<[string, object, string]>([
    ['the name of a shipped one', { name: 'general', prompts: ['a house'] }, '/name'],
    ['an odd name', { name: 'My Houses', prompts: ['a house'] }, '/name'],
    ['no prompts', { name: 'none', prompts: [] }, '/prompts'],
    ['an empty prompt', { name: 'empty', prompts: ['a house', ' '] }, '/prompts/1'],
    [
      'more characters than all prompts together may have',
      { name: 'long', prompts: Array.from({ length: 1001 }, () => 'x'.repeat(1000)) },
      '/prompts',
    ],
    ['a field that does not exist', { name: 'more', prompts: ['a'], version: 7 }, '/version'],
  ])('refuses %s', async (_case, body, pointer) => {
    const answer = await post(body);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer }] });
  });
});

describe('the largest prompt set', () => {
  const { characters, promptLength, bodyBytes } = PROMPT_SET_LIMITS;
  const prompts = (text: string) => Array.from({ length: characters / promptLength }, () => text.repeat(promptLength));
  const send = (url: string, payload: string) =>
    api.app.inject({ method: 'POST', url, payload, headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' } });

  it('fits into the body, however its characters are written', async () => {
    const escaped = JSON.stringify({ name: 'largest', prompts: prompts('\u732b') }).replaceAll('\u732b', '\\u732b');
    const { statusCode, body } = await send('/v1/prompt-sets', escaped);
    expect([statusCode, (JSON.parse(body) as PromptSetBody).prompts[0]]).toEqual([201, '\u732b'.repeat(promptLength)]);
  });

  it('gets an error with the limit if the route accepts less', async () => {
    const list = JSON.stringify({ model: 'tiny', prompts: prompts('\u732b') });
    const refused = [await send('/v1/evaluations', list), await send('/v1/prompt-sets', `{"name":"${'x'.repeat(bodyBytes)}"}`)];
    expect(refused.map((answer) => answer.json<{ status: number; code: string; detail: string }>())).toMatchObject([
      { status: 413, code: 'payload_too_large', detail: 'The body of POST /v1/evaluations may have at most 1048576 bytes.' },
      { status: 413, code: 'payload_too_large', detail: `The body of POST /v1/prompt-sets may have at most ${bodyBytes} bytes.` },
    ]);
  });
});

describe('GET /v1/prompt-sets', () => {
  it('includes one for the mini base and one for Stable Diffusion, with unique prompts', async () => {
    const [mini, general] = [(await get('mini')).body, (await get('general@1')).body];
    expect([mini.shipped, mini.id, general.shipped]).toEqual([true, 'mini', true]);
    expect([mini.prompt_count, general.prompt_count]).toEqual([100, 200]);
    for (const { prompts } of [mini, general]) expect(new Set(prompts).size).toBe(prompts.length);
  });

  it('lists versions in pages, newest first, and the included ones last', async () => {
    const names: string[] = [];
    let after: string | null = null;
    do {
      const { body }: { body: Page<PromptSetSummaryBody> } = await api.call(
        'GET',
        `/v1/prompt-sets?limit=2${after === null ? '' : `&after=${after}`}`,
      );
      expect(body.data.length).toBeLessThanOrEqual(2);
      names.push(...body.data.map(({ name, version, prompt_count }) => `${name}@${version} ${prompt_count}`));
      after = body.next;
    } while (after !== null);
    expect(names.slice(-4)).toEqual(['houses@2 1', 'houses@1 2', 'mini@1 100', 'general@1 200']);
    expect(names).toHaveLength(9);
  });

  it('responds with 404 for a set that does not exist or belongs to another project', async () => {
    const { body } = await post({ name: 'private', prompts: ['a house'] });
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    for (const reference of [body.id, 'private', 'private@1']) expect((await get(reference, key)).status).toBe(404);
    expect((await get('private@2')).status).toBe(404);
    expect((await get('mini', key)).status).toBe(200);
  });
});
