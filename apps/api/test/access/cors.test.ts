// Calls from pages of other origins: what a browser asks beforehand, and the headers that it needs in a response.
import { buildApp } from '@styleforge/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

const PAGE = 'https://app.example.com';

let api: ApiFixture;
let open: ApiFixture['app'];
beforeAll(async () => {
  api = await startApiFixture();
  open = await buildApp({ ...api.options, corsOrigins: [PAGE, 'http://localhost:5173'] });
});
afterAll(async () => {
  await open.close();
  await api.close();
});

const preflight = (app: ApiFixture['app'], url: string, origin = PAGE) =>
  app.inject({
    method: 'OPTIONS',
    url,
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type, idempotency-key',
    },
  });
const read = (app: ApiFixture['app'], url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers: { origin: PAGE, authorization: `Bearer ${api.key}`, ...headers } });

describe('without CORS_ORIGINS', () => {
  it('refuses calls from pages of other origins', async () => {
    expect((await preflight(api.app, '/v1/datasets')).headers).not.toHaveProperty('access-control-allow-origin');
    expect((await read(api.app, '/v1/datasets')).headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('with CORS_ORIGINS', () => {
  it("responds to a browser's preflight request without a key, for the configured origins only", async () => {
    const answer = await preflight(open, '/v1/datasets');
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-max-age': '600',
      vary: expect.stringMatching(/origin/i) as string,
    });
    expect(String(answer.headers['access-control-allow-methods']).split(', ')).toEqual(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
    for (const name of ['authorization', 'content-type', 'idempotency-key', 'last-event-id'])
      expect(answer.headers['access-control-allow-headers']).toContain(name);
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    expect((await preflight(open, '/v1/datasets', 'https://evil.example')).headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('lets the page read all kinds of responses with their headers', async () => {
    const good = await read(open, '/v1/datasets');
    expect([good.statusCode, good.headers['access-control-allow-origin']]).toEqual([200, PAGE]);
    for (const name of ['location', 'x-request-id', 'retry-after', 'etag'])
      expect(good.headers['access-control-expose-headers']).toContain(name);
    for (const [url, headers, status] of [
      ['/v1/datasets', { authorization: 'Bearer sf_wrong' }, 401],
      ['/v1/none-such', {}, 404],
      ['/v1/datasets?limit=0', {}, 422],
    ] as const) {
      const refused = await read(open, url, headers);
      expect([refused.statusCode, refused.headers['access-control-allow-origin']]).toEqual([status, PAGE]);
      expect(refused.headers['content-type']).toContain('application/problem+json');
    }
  });

  it('also applies to streams of events', async () => {
    const {
      body: { id },
    } = await api.call<{ id: string }>('POST', '/v1/training-jobs', {
      body: { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: await createDataset(api, 'style_ref') } },
    });
    await api.call('POST', `/v1/training-jobs/${id}/cancel`);
    const stream = await read(open, `/v1/training-jobs/${id}/events`, { accept: 'text/event-stream' });
    expect([stream.headers['content-type'], stream.headers['access-control-allow-origin']]).toEqual(['text/event-stream', PAGE]);
    expect(stream.body).toContain('event: job.cancelled');
  });

  it('changes neither the OpenAPI document nor the responses to other methods', async () => {
    const [before, after] = await Promise.all([api.app, open].map(async (app) => (await app.inject('/openapi.json')).json<object>()));
    expect(after).toEqual(before);
    for (const app of [api.app, open]) {
      const answer = await app.inject({ method: 'PUT', url: '/v1/datasets', headers: { authorization: `Bearer ${api.key}` } });
      expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
    }
  });
});
