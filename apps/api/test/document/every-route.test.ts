// What holds for every route of the OpenAPI document: keys, scopes, projects, marks, pages, refusals.
import { exampleId } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { jobRequest, pathWith, routesOf, seedProject } from '../seeded-project.ts';
import type { OpenApi, Route, SeededIds } from '../seeded-project.ts';

let api: ApiFixture;
let routes: Route[];
let ids: SeededIds;
const keys: Record<string, string> = {};
beforeAll(async () => {
  api = await startApiFixture();
  routes = await routesOf(api);
  ids = await seedProject(api);
  for (const scope of ['read', 'write', 'admin'] as const)
    keys[scope] = (await api.database.apiKeys.create(api.projectId, scope, [scope])).key;
});
afterAll(() => api.close());

/** One thing for each caller or installation, without an id: neither a list nor a part of one. */
const SINGLETONS = ['/v1/me', '/v1/metrics', '/v1/presets', '/v1/queue', '/v1/system', '/v1/system/sweep', '/v1/usage'];

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
/** A body that passes validation, so that what is refused is not refused for its body. */
const bodies = (): Record<string, object> => ({
  'POST /v1/datasets': { name: 'x', kind: 'aux' },
  'POST /v1/training-jobs': jobRequest(ids['datasets'] ?? ''),
  'POST /v1/training-jobs/check': jobRequest(ids['datasets'] ?? ''),
  'POST /v1/images/generations': { model: 'tiny', prompts: ['x'] },
  'POST /v1/studies': { name: 'x', job: jobRequest(ids['datasets'] ?? ''), grid: [{ pointer: '/hyperparameters/seed', values: [1, 2] }] },
  'POST /v1/evaluations': { model: 'tiny', reference_dataset_id: ids['datasets'], prompts: ['a cat', 'a house'] },
  'POST /v1/prompt-sets': { name: 'x', prompts: ['x'] },
  'POST /v1/api-keys': { name: 'x' },
  'POST /v1/webhooks': { url: 'https://example.com/other', events: ['training_job.failed'] },
  'PATCH /v1/webhooks/{id}': { events: ['training_job.failed'] },
  'POST /v1/training-jobs/{id}/resume': {},
  'POST /v1/datasets/{id}/import': { images: [{ url: 'http://127.0.0.1/none.png' }] },
  'PATCH /v1/datasets/{id}': { name: 'x' },
  'PATCH /v1/images/{id}': { starred: true },
  'PATCH /v1/training-jobs/{id}': { name: 'x' },
  'PATCH /v1/training-jobs/{id}/images/{step}/{index}': { starred: true },
  'POST /v1/checkpoints/{id}/extract-lora': { rank: 2 },
  'PATCH /v1/images/generations/{id}': { name: 'x' },
  'PATCH /v1/evaluations/{id}': { starred: true },
  'PATCH /v1/checkpoints/{id}': { starred: true },
  'PATCH /v1/studies/{id}': { name: 'x' },
  'PATCH /v1/prompt-sets/{id}': { notes: 'x' },
  'POST /v1/reports/{id}/share': { expires_in_days: null },
  'POST /v1/uploads': { file_name: 'x.png' },
  'POST /v1/models': { name: 'another', from: ids['training-jobs'] },
  'POST /v1/models/{name}/versions': { from: ids['training-jobs'] },
  'PATCH /v1/models/{name}': { description: 'x' },
  'PATCH /v1/models/{name}/versions/{version}': { notes: 'x' },
  'PUT /v1/models/{name}/aliases/{alias}': { version: 1 },
  'PUT /v1/training-jobs/{id}/feedback': { items: [{ image_id: ids['images'], verdict: 'keep' }] },
  'PUT /v1/evaluations/{id}/votes': { votes: [{ index: 0, first: 0, second: 1, preferred: null }] },
  'PUT /v1/datasets/{id}/captions': { captions: [{ image_id: ids['images'], caption: 'x' }] },
});
const request = (route: Route, key: string | undefined) =>
  api.app.inject({
    method: route.method,
    url: pathWith(ids, route.path),
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(route.path.endsWith('/images') && route.method === 'POST' && { 'content-type': 'multipart/form-data; boundary=x' }),
    },
    ...(bodies()[nameOf(route)] && { payload: bodies()[nameOf(route)] }),
  });
async function refusals(chosen: Route[], key: string | undefined): Promise<unknown[]> {
  const answers = [];
  for (const route of chosen) {
    const answer = await request(route, key);
    answers.push([nameOf(route), answer.statusCode, answer.headers['content-type'], answer.json<{ code: string }>().code]);
  }
  return answers;
}
const all = (chosen: Route[], status: number, code: string) =>
  chosen.map((route) => [nameOf(route), status, 'application/problem+json', code]);

describe('keys', () => {
  it('are required on every route, and refused if they are unknown or revoked', async () => {
    const revoked = await api.database.apiKeys.create(api.projectId, 'revoked', ['admin']);
    await api.database.apiKeys.revoke(revoked.keyId);
    for (const key of [undefined, 'sf_unknown', revoked.key]) expect(await refusals(routes, key)).toEqual(all(routes, 401, 'unauthorized'));
  });

  it('need the scope that the document names', async () => {
    const scopeOf = ({ operation }: Route) => operation.security?.[0]?.apiKey[0] ?? 'none';
    expect(new Set(routes.map(scopeOf))).toEqual(new Set(['read', 'write', 'admin']));
    for (const scope of ['read', 'write'] as const) {
      const others = routes.filter((route) => scopeOf(route) !== scope);
      expect(await refusals(others, keys[scope])).toEqual(all(others, 403, 'insufficient_scope'));
    }
  });
});

it('every JSON body has an example that its route accepts', async () => {
  const { components } = (await api.app.inject('/openapi.json')).json<OpenApi>();
  const wrong = [];
  for (const route of routes) {
    const schema = route.operation.requestBody?.content['application/json']?.schema as { $ref?: string; examples?: object[] } | undefined;
    if (!schema) continue;
    const { examples = [] } =
      schema.$ref === undefined ? schema : (components.schemas[schema.$ref.split('/').at(-1) ?? ''] as typeof schema);
    if (examples.length === 0) wrong.push([nameOf(route), 'no example']);
    for (const payload of examples) {
      // What it names is not here; its form is right all the same.
      const answer = await api.app.inject({
        method: route.method,
        url: route.path.replace('{id}', exampleId('trainingJob')),
        headers: { authorization: `Bearer ${api.key}` },
        payload,
      });
      if (['validation_failed', 'invalid_request'].includes(answer.json<{ code?: string }>().code ?? ''))
        wrong.push([nameOf(route), answer.body]);
    }
  }
  expect(wrong).toEqual([]);
});

it('nothing of another project is shown, changed or deleted: the response is 404, as for what does not exist', async () => {
  const { projectId } = await api.database.apiKeys.createProject('other');
  const { key } = await api.database.apiKeys.create(projectId, 'other', ['admin']);
  // Base models and workers belong to the installation.
  const single = routes.filter(({ path }) => path.includes('{') && !/^\/v1\/(?:base-models|workers)\//.test(path));
  expect(single.length).toBeGreaterThan(15);
  expect(await refusals(single, key)).toEqual(all(single, 404, 'not_found'));
  for (const route of routes.filter(
    ({ method, path }) => method === 'GET' && !path.includes('{') && !/\/(?:base-models|workers)$/.test(path) && !SINGLETONS.includes(path),
  )) {
    const { data } = (await request(route, key)).json<{ data: { id: string; shipped?: boolean }[] }>();
    expect([route.path, data.filter(({ id, shipped }) => !shipped && Object.values(ids).includes(id))]).toEqual([route.path, []]);
  }
});

/** Links are signed again for every response. */
const unsigned = (data: object[]): unknown => JSON.parse(JSON.stringify(data).replaceAll(/\?X-Amz-[^"]*/g, ''));

describe('GET', () => {
  const gets = () => routes.filter(({ method }) => method === 'GET');

  it('responds with 200 on every route, and HEAD the same without a body', async () => {
    expect(gets().length).toBeGreaterThan(25);
    for (const route of gets()) {
      const url = pathWith(ids, route.path);
      const answer = await api.call('GET', url, { key: keys['admin'] ?? '' });
      expect([url, answer.status]).toEqual([url, 200]);
      const head = await api.app.inject({ method: 'HEAD', url, headers: { authorization: `Bearer ${keys['admin']}` } });
      expect([url, head.statusCode, head.body]).toEqual([url, 200, '']);
      // Behind a link the object store responds: it has ETags of its own, and the S3 server of the tests ignores the type that the link
      // names.
      const marks = ({ headers }: { headers: Record<string, unknown> }) => [url, headers['content-type'], headers['etag']];
      if (!answer.linked) expect(marks(head)).toEqual(marks(answer));
    }
  });

  it('sends an ETag for each single resource, and responds to it with 304', async () => {
    const single = gets().filter(({ path }) => path.endsWith('}'));
    expect(single.length).toBeGreaterThan(9);
    for (const route of single) {
      const url = pathWith(ids, route.path);
      const etag = String((await api.call('GET', url, { key: keys['admin'] ?? '' })).headers['etag']);
      expect([url, etag]).toEqual([url, expect.stringMatching(/^"[^"]+"$/)]);
      expect([url, (await api.call('GET', url, { key: keys['admin'] ?? '', headers: { 'if-none-match': etag } })).status]).toEqual([
        url,
        304,
      ]);
      expect(Object.keys(route.operation.responses)).toContain('304');
    }
  });

  it('refuses a format that it does not have', async () => {
    // A download has whatever type its file has.
    const isDownload = ({ operation }: Route) => 'application/octet-stream' in (operation.responses['200']?.content ?? {});
    for (const route of gets().filter((route) => !isDownload(route))) {
      const url = pathWith(ids, route.path);
      const answer = await api.call('GET', url, { key: keys['admin'] ?? '', headers: { accept: 'application/x-nothing' } });
      expect([url, answer.status, answer.body['code']]).toEqual([url, 406, 'not_acceptable']);
      expect((await api.call('GET', url, { key: keys['admin'] ?? '', headers: { accept: 'text/html, */*;q=0.1' } })).status).toBe(200);
    }
  });

  it('responds in the preferred format if it has several', async () => {
    const formats = (route: Route) => Object.keys(route.operation.responses['200']?.content ?? {});
    // The stream of the whole project has no end to wait for: project-events.test.ts asks for both of its formats.
    // An image has the format that its generation asked for.
    const isImage = (route: Route) => formats(route).every((format) => format.startsWith('image/'));
    const several = gets().filter((route) => formats(route).length > 1 && route.path !== '/v1/events' && !isImage(route));
    expect(several.map(({ path }) => path.split('/').at(-1))).toEqual(expect.arrayContaining(['events', 'report']));
    for (const route of several) {
      for (const liked of formats(route)) {
        for (const quality of ['0', '0.5']) {
          const accept = [
            ...formats(route)
              .filter((format) => format !== liked)
              .map((format) => `${format};q=${quality}`),
            liked.toUpperCase(),
          ].join(', ');
          const { headers } = await api.call('GET', pathWith(ids, route.path), { key: keys['admin'] ?? '', headers: { accept } });
          expect([route.path, accept, String(headers['content-type']).split(';')[0]]).toEqual([route.path, accept, liked]);
        }
      }
    }
  });

  it('accepts limits of 1 to 100 on every list, and pages through all of it without a gap', async () => {
    const lists = gets().filter(
      ({ path, operation }) =>
        operation.parameters?.some(({ name }) => name === 'limit') || !(path.includes('{') || SINGLETONS.includes(path)),
    );
    expect(lists.length).toBeGreaterThan(9);
    for (const route of lists) {
      const url = pathWith(ids, route.path);
      const get = (query: string) =>
        api.call<{ data: object[]; has_more: boolean; next: string | null }>('GET', `${url}?${query}`, { key: keys['admin'] ?? '' });
      for (const query of ['limit=0', 'limit=101', 'limit=-1', 'limit=x', 'limit=1.5', 'after=No cursor', 'no-such-filter=1']) {
        const refused = (await get(query)).body as object;
        expect([url, query, refused]).toMatchObject([url, query, { status: 422, errors: [{ pointer: `/${query.split('=')[0]}` }] }]);
      }
      const whole = (await get('limit=100')).body;
      expect([url, whole.has_more, whole.next]).toEqual([url, false, null]);
      const found: object[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const page: { data: object[]; next: string | null } = (
          await get(`limit=1${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`)
        ).body;
        expect([url, page.data.length <= 1]).toEqual([url, true]);
        found.push(...page.data);
        next = page.next;
      }
      expect([url, unsigned(found)]).toEqual([url, unsigned(whole.data)]);
    }
  });
});

describe('POST', () => {
  it('sends its first response again for the same Idempotency-Key, on every route', async () => {
    // An upload's body is read as it comes: zip-uploads.test.ts and uploaded-adapters.test.ts have it.
    const posts = routes.filter(({ method, path }) => method === 'POST' && !/\/(images|upload)$/.test(path));
    expect(posts.length).toBeGreaterThan(15);
    for (const route of posts) {
      const name = nameOf(route);
      const job = (await api.call<{ id: string }>('POST', '/v1/training-jobs', { body: jobRequest(ids['datasets'] ?? '') })).body.id;
      if (/\/(checkpoint|sample)$/.test(route.path)) await api.database.trainingJobs.claim(job);
      if (route.path.endsWith('/resume')) await api.call('POST', `/v1/training-jobs/${job}/pause`);
      const options = { key: keys['admin'] ?? '', headers: { 'idempotency-key': name }, ...(bodies()[name] && { body: bodies()[name] }) };
      const send = () => api.call('POST', pathWith({ ...ids, 'training-jobs': job }, route.path), options);
      const [{ status, body }, again] = [await send(), await send()];
      expect([name, status < 300, again.status, again.body, again.headers['idempotency-replayed']]).toEqual([
        name,
        true,
        status,
        body,
        'true',
      ]);
    }
  });
});

describe('pages', () => {
  it('neither repeat nor skip a row if rows are added meanwhile', async () => {
    const create = async (name: string) =>
      (await api.call<{ id: string }>('POST', '/v1/datasets', { body: { name, kind: 'aux' } })).body.id;
    const old = [];
    for (const name of ['a', 'b', 'c', 'd']) old.unshift(await create(name));
    const read = async (query: string) => (await api.call<{ data: { id: string }[]; next: string }>('GET', `/v1/datasets?${query}`)).body;
    const first = await read('limit=2');
    await create('newer');
    const second = await read(`limit=2&after=${first.next}`);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(old);
    expect((await api.call('GET', '/v1/datasets?after=nonsense')).body).toMatchObject({ status: 422, errors: [{ pointer: '/after' }] });
  });
});

describe('the document', () => {
  it('lists the errors of every route, its id, and the headers that it accepts', () => {
    expect(new Set(routes.map(({ operation }) => operation.operationId)).size).toBe(routes.length);
    for (const route of routes) {
      const { responses, parameters = [] } = route.operation;
      const problems = Object.entries(responses)
        .filter(([, { content }]) => content && 'application/problem+json' in content)
        .map(([status]) => status);
      expect([nameOf(route), problems]).toEqual([
        nameOf(route),
        expect.arrayContaining(['400', '401', '403', '406', '429', '500', ...(route.path.includes('{') ? ['404'] : [])]),
      ]);
      const idempotent = parameters.some(({ name }) => name === 'idempotency-key');
      expect([nameOf(route), idempotent]).toEqual([nameOf(route), route.method === 'POST']);
      if (idempotent) expect(problems).toEqual(expect.arrayContaining(['409', '413', '415', '422']));
    }
  });
});
