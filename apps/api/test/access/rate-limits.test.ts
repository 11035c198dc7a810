// The quota of a key over HTTP: the headers, the refusal, and what does not count.
import { buildApp } from '@styleforge/api';
import { createRateLimiter } from '@styleforge/queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
});
afterAll(() => api.close());

describe('a key with a quota', () => {
  it('is told what is left, then refused with the time to wait, and other keys are not affected', async () => {
    const rateLimiter = createRateLimiter({ requests: 3, seconds: 50 });
    const app = await buildApp({ ...api.options, rateLimiter });
    const other = await api.database.apiKeys.create(api.projectId, 'other');
    const get = (url: string, key: string) => app.inject({ url, headers: { authorization: `Bearer ${key}` } });
    const first = await get('/v1/datasets', api.key);
    expect([first.statusCode, first.headers['ratelimit-policy'], first.headers['ratelimit']]).toEqual([
      200,
      '"requests";q=3;w=50',
      '"requests";r=2;t=50',
    ]);
    const missing = await get('/v1/datasets/ds_nonsense', api.key);
    expect([missing.statusCode, missing.headers['ratelimit']]).toEqual([404, expect.stringMatching(/^"requests";r=1;t=\d+$/)]);
    expect((await get('/v1/datasets', api.key)).headers['ratelimit']).toMatch(/r=0/);
    const refused = await get('/v1/datasets', api.key);
    expect([refused.statusCode, refused.headers['content-type'], refused.json()]).toMatchObject([
      429,
      'application/problem+json',
      { code: 'rate_limited', status: 429 },
    ]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(50);
    expect((await get('/v1/datasets', other.key)).headers['ratelimit']).toMatch(/r=2/);
    expect((await get('/v1/datasets', 'sf_unknown')).statusCode).toBe(401);
    expect((await app.inject('/healthz')).headers).not.toHaveProperty('ratelimit');
    await app.close();
  });

  it('stores nothing about a refused POST under its Idempotency-Key', async () => {
    const app = await buildApp({ ...api.options, rateLimiter: createRateLimiter({ requests: 1, seconds: 50 }) });
    const send = (on: typeof app) =>
      on.inject({
        method: 'POST',
        url: '/v1/datasets',
        payload: { name: 'x', kind: 'aux' },
        headers: { authorization: `Bearer ${api.key}`, 'idempotency-key': 'limited' },
      });
    await app.inject({ url: '/v1/datasets', headers: { authorization: `Bearer ${api.key}` } });
    expect((await send(app)).statusCode).toBe(429);
    expect((await send(api.app)).statusCode).toBe(201);
    await app.close();
  });
});

describe('an address with wrong keys', () => {
  it('is refused before its next key is looked up, and keys that were valid a moment ago continue to work', async () => {
    const wrongKeyLimiter = createRateLimiter({ requests: 5, seconds: 60 });
    const app = await buildApp({ ...api.options, wrongKeyLimiter, trustedProxies: ['127.0.0.1/32'] });
    const get = (key: string, address: string) =>
      app.inject({ url: '/v1/datasets', headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': address } });
    expect((await get(api.key, '203.0.113.7')).statusCode).toBe(200);
    for (let guess = 0; guess < 5; guess += 1) expect((await get(`sf_guess${guess}`, '203.0.113.7')).statusCode).toBe(401);
    const refused = await get('sf_guess6', '203.0.113.7');
    expect([refused.statusCode, refused.json()]).toMatchObject([429, { code: 'rate_limited' }]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await app.inject({ url: '/v1/datasets', headers: { 'x-forwarded-for': '203.0.113.7' } })).statusCode).toBe(429);
    expect((await get(api.key, '203.0.113.7')).statusCode).toBe(200);
    expect((await get('sf_guess7', '203.0.113.8')).statusCode).toBe(401);
    await app.close();
    await wrongKeyLimiter.close();
  });
});
