// Small requests that ask for much work: each is refused before the work, and the process continues to respond.
import { startApi } from '@styleforge/api';
import { countVariations, exampleId, listVariations } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

type Problem = { code: string; detail: string; errors: { pointer: string; detail: string }[] };
type Schema = { [name: string]: unknown };

let api: ApiFixture;
let server: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApiFixture();
  server = await startApi({ ...api.options, host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await api.close();
});

const job = { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: exampleId('dataset') }, aux: null };
const gridOf = (axes: number, values: number) =>
  Array.from({ length: axes }, (_, index) => ({
    pointer: `/metadata/axis_${index}`,
    values: Array.from({ length: values }, (_v, at) => at),
  }));

/** The longest time in which the event loop did nothing else, while `work` ran, in milliseconds. */
async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await work();
  await new Promise((resolve) => setTimeout(resolve, 5));
  clearInterval(timer);
  return longest;
}

describe('a study', () => {
  it('of 64^6 variations is counted and refused without creating one', async () => {
    const body = { name: 'too many', job, grid: gridOf(6, 64) };
    const answer = await api.call<Problem>('POST', '/v1/studies', { body });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([
      { pointer: '/variations', detail: `variations and grid result in ${64 ** 6} jobs: a study has 2 to 64` },
    ]);
    expect(() => listVariations({ variations: [], grid: gridOf(3, 64) })).toThrow('at most 64 variations, not 262144');
    expect(countVariations({ variations: [{ name: 'x', changes: {} }], grid: gridOf(2, 3) })).toBe(10);
  });

  it('is refused if its pointer has thousands of levels', async () => {
    const grid = [{ pointer: '/a'.repeat(100_000), values: [1, 2] }];
    const answer = await api.call<Problem>('POST', '/v1/studies', { body: { name: 'deep', job, grid } });
    expect([answer.status, answer.body.errors[0]?.pointer]).toEqual([422, '/grid/0/pointer']);
  });
});

describe('a body with many values', () => {
  it.each(['[1,', '["x",', '[[],', '[{},'])('such as %s... costs little more than reading its bytes', async (start) => {
    const prompts = `${start}${start.slice(1).repeat(Math.floor((8 * 2 ** 20 - 100) / (start.length - 1)))}1]`;
    const payload = `{"name":"many","prompts":${prompts}}`;
    const walk = await longestBlock(async () => void JSON.parse(payload));
    const headers = { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' };
    let answer: Response | undefined;
    const block = await longestBlock(async () => {
      answer = await fetch(`${server.url}/v1/prompt-sets`, { method: 'POST', headers, body: payload });
    });
    expect([answer?.status, ((await answer?.json()) as Problem).detail]).toEqual([
      400,
      'The body has more than 20000 values, more than any request may have. Send shorter lists.',
    ]);
    expect(block).toBeLessThan(Math.max(100, 3 * walk));
  });

  it('is counted correctly with quotes and escapes', async () => {
    const prompts = Array.from({ length: 900 }, (_, index) => `,,,[[[{{{"\\"${index}\\`.padEnd(100, ','));
    const answer = await api.call<{ id: string }>('POST', '/v1/prompt-sets', { body: { name: 'quotes', prompts } });
    expect(answer.status).toBe(201);
    const read = await api.call<{ prompts: string[] }>('GET', `/v1/prompt-sets/${answer.body.id}`);
    expect(read.body.prompts).toEqual(prompts);
  });

  it('gets at most 100 errors, and a sentence about three of many', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 15_000 }, (_, index) => [`field_${index}`, 1]));
    const answer = await api.call<Problem>('POST', '/v1/datasets', { body: { name: 'x', kind: 'aux', ...unknown } });
    expect([answer.status, answer.body.errors.length]).toEqual([422, 100]);
    const nul = await api.call<Problem>('POST', '/v1/prompt-sets', { body: { name: 'nul', prompts: Array(5000).fill('\0') } });
    expect([nul.status, nul.body.errors.length]).toEqual([422, 100]);
  });
});

describe('the document', () => {
  it('limits every list and text of a request', async () => {
    const { body } = await api.call<Schema>('GET', '/openapi.json');
    const unlimited: string[] = [];
    const visited = new Set<string>();
    const resolve = (ref: string) =>
      ref
        .slice(2)
        .split('/')
        .reduce((part: unknown, name) => (part as Schema)[name], body) as Schema;
    const visit = (schema: Schema, where: string): void => {
      if (typeof schema['$ref'] === 'string') {
        if (visited.has(schema['$ref'])) return;
        visited.add(schema['$ref']);
        return visit(resolve(schema['$ref']), schema['$ref'].split('/').at(-1)!);
      }
      if (schema['type'] === 'array' && schema['maxItems'] === undefined) unlimited.push(`${where}[]`);
      const bounded = ['maxLength', 'enum', 'const', 'format', 'pattern'].some((name) => schema[name] !== undefined);
      if (schema['type'] === 'string' && !bounded) unlimited.push(where);
      for (const name of ['anyOf', 'oneOf', 'allOf']) for (const option of (schema[name] ?? []) as Schema[]) visit(option, where);
      if (schema['items']) visit(schema['items'] as Schema, `${where}[]`);
      for (const [name, part] of Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)) visit(part, `${where}.${name}`);
    };
    for (const [path, operations] of Object.entries(body['paths'] as Record<string, Record<string, Schema>>)) {
      for (const [method, { requestBody }] of Object.entries(operations)) {
        const content = ((requestBody as Schema | undefined)?.['content'] as Record<string, Schema> | undefined)?.['application/json'];
        if (content) visit(content['schema'] as Schema, `${method} ${path}`);
      }
    }
    expect(unlimited).toEqual([]);
    expect(visited.size).toBeGreaterThan(5);
  });
});
