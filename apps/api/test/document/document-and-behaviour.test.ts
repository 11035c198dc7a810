// What the OpenAPI document says and what the service does are the same: each case was a difference once.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleId } from '@styleforge/contracts';
import { multipartBody, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

type Schema = Record<string, unknown> & { $ref?: string; properties?: Record<string, Schema> };
type Operation = {
  parameters?: { name: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
};
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } };

let api: ApiFixture;
let document: Document;
beforeAll(async () => {
  api = await startApiFixture();
  document = (await api.app.inject('/openapi.json')).json<Document>();
});
afterAll(() => api.close());

const operation = (method: string, path: string): Operation => document.paths[path]?.[method] as Operation;
function bodyOf(method: string, path: string, type = 'application/json'): Schema {
  const schema = operation(method, path).requestBody?.content[type]?.schema ?? {};
  return schema.$ref === undefined ? schema : (document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] as Schema);
}
const parameter = (path: string, name: string) =>
  JSON.stringify(operation('get', path).parameters?.find((one) => one.name === name)?.schema);
const statusOf = async (method: 'GET' | 'POST' | 'PATCH', url: string, body?: unknown) => (await api.call(method, url, { body })).status;

describe('the document', () => {
  it('says that lists contain no duplicates, which are refused', async () => {
    expect(bodyOf('post', '/v1/webhooks').properties?.['events']).toMatchObject({ uniqueItems: true });
    expect(bodyOf('post', '/v1/api-keys').properties?.['scopes']).toMatchObject({ uniqueItems: true });
    const event = 'training_job.succeeded';
    expect(await statusOf('POST', '/v1/webhooks', { url: 'https://example.com/', events: [event, event] })).toBe(422);
  });

  it('says that an upload has a file and no other field, and other forms are refused', async () => {
    const form = bodyOf('post', '/v1/datasets/{id}/images', 'multipart/form-data');
    expect(form).toMatchObject({ required: ['images'], additionalProperties: false, properties: { images: { minItems: 1 } } });
    const { body } = await api.call<{ id: string }>('POST', '/v1/datasets', { body: { name: 'x', kind: 'aux' } });
    const upload = (parts: Parameters<typeof multipartBody>[0]) => api.call('POST', `/v1/datasets/${body.id}/images`, multipartBody(parts));
    expect((await upload([{ field: 'component', value: 'person' }])).status).toBe(400);
    const image = { file: 'a.png', bytes: await picture(1), type: 'image/png' };
    expect((await upload([{ field: 'colour', value: 'red' }, image])).status).toBe(422);
    expect((await upload([image])).status).toBe(200);
  });

  it('says which settings of a generation belong together', async () => {
    const schema = bodyOf('post', '/v1/images/generations');
    expect(schema['dependentSchemas']).toEqual({
      strength: { required: ['image'], properties: { image: { type: 'string', description: 'The stored image' } } },
      quality: { required: ['format'], properties: { format: { enum: ['webp', 'jpeg'], description: 'Format of the file' } } },
    });
    const body = { model: 'tiny', prompts: ['x'] };
    for (const wrong of [{ strength: 0.5 }, { quality: 5 }])
      expect(await statusOf('POST', '/v1/images/generations', { ...body, ...wrong })).toBe(422);
    expect(await statusOf('POST', '/v1/images/generations', { ...body, quality: 5, format: 'jpeg' })).toBe(202);
    // The form of an axis' values follows from its parameter: one condition inside the other.
    const axis = document.components.schemas['GridAxis'] as Schema;
    const forms: Record<string, unknown> = {};
    for (let part: Schema | undefined = axis; part?.['if']; part = part['else'] as Schema | undefined) {
      const { parameter } = (part['if'] as Schema).properties as { parameter: { const: string } };
      forms[parameter.const] = ((part['then'] as Schema).properties as { values: Schema }).values['items'];
    }
    expect(Object.keys(forms)).toEqual((axis.properties?.['parameter'] as { enum: string[] }).enum);
    expect([forms['steps'], forms['sampler']]).toMatchObject([
      { type: 'integer', maximum: 1000 },
      { enum: expect.arrayContaining(['ddim']) as string[] },
    ]);
    const grid = { x: { parameter: 'steps', values: ['many'] } };
    expect(await statusOf('POST', '/v1/images/generations', { ...body, grid })).toBe(422);
  });

  it("says how many variations a study has, that targets differ, and what a model's template contains", async () => {
    const { if: condition, then } = bodyOf('post', '/v1/studies') as Record<string, Schema>;
    expect([condition, then]).toMatchObject([
      { not: { required: ['grid'] } },
      { required: ['variations'], properties: { variations: { minItems: 2 } } },
    ]);
    expect(JSON.stringify(document.components.schemas['AdaptationRequest'])).toMatch(/"targets":\{[^{]*\{[^}]*\},"uniqueItems":true/);
    const template = bodyOf('post', '/v1/models').properties?.['prompt_template'] as Schema;
    expect(new RegExp(String(template['pattern'])).test('a photo of {prompt}')).toBe(true);
    expect(new RegExp(String(template['pattern'])).test('a photo')).toBe(false);
  });

  it('says that a change names at least one field', async () => {
    expect(bodyOf('patch', '/v1/datasets/{id}')).toBeDefined();
    for (const path of ['/v1/training-jobs/{id}', '/v1/images/{id}']) expect(bodyOf('patch', path)).toMatchObject({ minProperties: 1 });
  });

  it.each([
    ['/v1/prompt-sets', 'after', ['', 'nonsense'], ['general']],
    ['/v1/events', 'types', ['', 'x', ','], ['training_job.*, generation.succeeded']],
    ['/v1/metrics', 'jobs', ['', 'nonsense', `${exampleId('trainingJob')},`], [`${exampleId('trainingJob')}, ${exampleId('trainingJob')}`]],
    ['/v1/usage', 'month', ['0000-01', '2026-13', ''], ['2026-11']],
  ])('says what %s accepts for %s', async (path, name, wrong, right) => {
    const described = parameter(path, name) ?? '';
    expect(described).toMatch(/pattern|enum/);
    for (const value of wrong) expect(await statusOf('GET', `${path}?${name}=${value}`)).toBe(422);
    // Ids are well formed, and of nothing.
    const accepted = name === 'jobs' ? 404 : 200;
    for (const value of right) expect(await statusOf('GET', `${path}?${name}=${encodeURIComponent(value)}`)).toBe(accepted);
  });
});

describe('the service', () => {
  it('distinguishes a path with a name of its own from an id', async () => {
    const get = await api.call('GET', '/v1/training-jobs/check');
    expect([get.status, get.headers['allow']]).toEqual([405, 'POST']);
    const options = await api.app.inject({ method: 'OPTIONS', url: '/v1/training-jobs/check' });
    expect([options.statusCode, options.headers['allow']]).toEqual([405, 'POST']);
    expect((await api.call('GET', '/v1/training-jobs/nonsense')).status).toBe(404);
  });

  it('measures texts as they are sent, and stores them without surrounding blanks', async () => {
    const set = { name: 'blanks', prompts: ['a cat'] };
    const schema = bodyOf('post', '/v1/prompt-sets').properties?.['description'];
    expect(schema).toMatchObject({ maxLength: 1_000 });
    expect(await statusOf('POST', '/v1/prompt-sets', { ...set, description: ' '.repeat(1_001) })).toBe(422);
    const made = await api.call<{ description: string }>('POST', '/v1/prompt-sets', { body: { ...set, description: ' animals ' } });
    expect([made.status, made.body.description]).toEqual([201, 'animals']);
    expect(await statusOf('POST', '/v1/datasets', { name: '   ', kind: 'aux' })).toBe(422);
  });

  it('refuses an empty Last-Event-ID', async () => {
    const url = '/v1/training-jobs/job_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70/events';
    expect((await api.call('GET', url, { headers: { 'last-event-id': '' } })).status).toBe(422);
    expect((await api.call('GET', '/v1/events', { headers: { 'last-event-id': '' } })).status).toBe(422);
  });
});
