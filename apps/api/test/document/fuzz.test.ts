// Generated input for every route of the OpenAPI document: nothing breaks the service, and the document describes every response.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { arbitraryOf } from './schema-arbitrary.ts';
import type { JsonSchema, SchemaDocument } from './schema-arbitrary.ts';
import { pathWith, routesOf, seedProject } from '../seeded-project.ts';
import type { Route, SeededIds } from '../seeded-project.ts';

const SEED = 20_261_124;
const RUNS = 10;

let api: ApiFixture;
let key: string;
let document: SchemaDocument;
let ids: SeededIds;
let routes: Route[];
beforeAll(async () => {
  api = await startApiFixture();
  key = (await api.database.apiKeys.create(api.projectId, 'fuzz', ['admin'])).key;
  ids = await seedProject(api);
  routes = await routesOf(api);
  document = (await api.app.inject('/openapi.json')).json<SchemaDocument>();
});
afterAll(() => api.close());

type Input = { url: string; headers: Record<string, string>; payload: unknown };

const oddText = fc.oneof(
  fc.string(),
  fc.fullUnicodeString(),
  fc.constantFrom('', '0', '-1', '1e999', 'null', '\0', '%00', '../..', "' or 1=1 --", 'x'.repeat(5000)),
);

/** Mostly things that exist and bodies that fit, for those get furthest; else whatever comes. */
function inputOf({ path, operation }: Route): fc.Arbitrary<Input> {
  const { parameters = [], requestBody } = operation;
  const named = (place: string) =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((parameter) => parameter.in === place)
          .map(({ name, schema }) => [
            name,
            fc.oneof({ weight: 3, arbitrary: arbitraryOf(schema, document) }, { weight: 1, arbitrary: oddText }),
          ]),
      ),
      { requiredKeys: [] },
    );
  const seeded = pathWith(ids, path);
  const odd = oddText.map((text) => path.replaceAll(/\{[^}]*\}/g, encodeURIComponent(wellFormed(text)) || 'x'));
  const schema = requestBody?.content['application/json']?.schema;
  const body =
    schema === undefined
      ? fc.constant(undefined)
      : fc.oneof(
          { weight: 4, arbitrary: arbitraryOf(schema, document) },
          { weight: 2, arbitrary: arbitraryOf(schema, document).chain(spoiled) },
          { weight: 1, arbitrary: fc.jsonValue() },
        );
  return fc
    .record({
      url: fc.oneof({ weight: 4, arbitrary: fc.constant(seeded) }, { weight: 1, arbitrary: odd }),
      query: named('query'),
      headers: named('header'),
      payload: body,
    })
    .map(({ url, query, headers, payload }) => ({
      url: `${url}?${new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, textOf(value)])).toString()}`,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, textOf(value).replaceAll(/[^\x20-\x7e]/g, '?')])),
      payload,
    }));
}

/** Halves of surrogate pairs cannot be sent in a URL. */
const wellFormed = (text: string): string => Buffer.from(text).toString();
const textOf = (value: unknown): string => (typeof value === 'string' ? wellFormed(value) : (JSON.stringify(value) ?? ''));

/** One field of a fitting body is gone, or has become something else. */
function spoiled(body: unknown): fc.Arbitrary<unknown> {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return fc.jsonValue();
  const fields = Object.keys(body);
  return fc
    .tuple(fc.constantFrom(...(fields.length > 0 ? fields : ['x'])), fc.option(fc.jsonValue(), { nil: undefined }))
    .map(([field, value]) => ({ ...body, [field]: value }));
}

const checks = new Map<JsonSchema, z.ZodType>();
function check(schema: JsonSchema): z.ZodType {
  const known = checks.get(schema) ?? z.fromJSONSchema(inlined(schema) as Parameters<typeof z.fromJSONSchema>[0]);
  checks.set(schema, known);
  return known;
}
/** Rules that zod cannot read. Without them a schema allows more, and the service's refusals are documented all the same. */
const CONDITIONS = ['if', 'then', 'else'];
const inlined = (schema: JsonSchema): unknown =>
  JSON.parse(
    JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/'),
    (key, value: unknown) => (CONDITIONS.includes(key) ? undefined : value),
  );

async function expectDescribed({ method, path, operation }: Route, { url, headers, payload }: Input): Promise<number> {
  // A key stays the same request's in the whole run; waiting for images that nobody makes only costs time.
  const body = payload !== null && typeof payload === 'object' && 'wait' in payload ? { ...payload, wait: 0 } : payload;
  const { accept: _accept, ...sent } = headers;
  const answer = await api.app.inject({
    method,
    url,
    headers: { ...sent, authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
  const context = `${method} ${url} ${JSON.stringify(body)} answered ${answer.statusCode} ${answer.body.slice(0, 500)}`;
  if (answer.statusCode >= 500) throw new Error(context);
  // A path whose text has become another path is not this route's.
  const described = operation.responses[String(answer.statusCode)];
  if (described === undefined) throw new Error(`not in the document of ${path}: ${context}`);
  const type = String(answer.headers['content-type'] ?? '').split(';')[0] ?? '';
  const schema = described.content?.[type]?.schema;
  if (
    answer.body !== '' &&
    answer.statusCode !== 206 &&
    schema === undefined &&
    !(type in (described.content ?? {})) &&
    !path.endsWith('{path}')
  )
    throw new Error(`of an undescribed type ${type}: ${context}`);
  if (schema !== undefined && type.endsWith('json')) {
    const { success, error } = check(schema as JsonSchema).safeParse(answer.json());
    if (!success) throw new Error(`${context}: ${error.message}`);
  }
  return answer.statusCode;
}

describe('generated input', () => {
  it('breaks no route, and gets only responses that the document describes', async () => {
    const seen = new Map<string, Set<number>>();
    // What deletes comes last, or the other routes would find nothing.
    const order = [...routes].sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));
    for (const route of order) {
      const name = `${route.method} ${route.path}`;
      const statuses = new Set<number>();
      seen.set(name, statuses);
      await fc.assert(
        fc.asyncProperty(inputOf(route), async (input) => void statuses.add(await expectDescribed(route, input))),
        { seed: SEED, numRuns: RUNS },
      );
    }
    const succeeded = [...seen].filter(([, statuses]) => [...statuses].some((status) => status < 300)).map(([name]) => name);
    // Else the input would be too wild to get anywhere.
    expect(succeeded.length).toBeGreaterThan(routes.length / 2);
  }, 900_000);
});
