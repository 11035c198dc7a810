// Browser sessions: what a cookie can do, what else it needs, and when it ends.
import { clientOf } from '@styleforge/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
});
afterAll(() => api.close());

type Signed = { cookie: string; setCookie: string; csrf: string; expires: string };

async function signIn(key = api.key, headers: Record<string, string> = {}): Promise<Signed> {
  const answer = await api.call<{ csrf_token: string; expires_at: string }>('POST', '/v1/session', { key, headers });
  expect(answer.status).toBe(201);
  const setCookie = String(answer.headers['set-cookie']);
  return { cookie: setCookie.split(';')[0] ?? '', setCookie, csrf: answer.body.csrf_token, expires: answer.body.expires_at };
}

const send = (method: 'GET' | 'POST' | 'DELETE', url: string, headers: Record<string, string>, payload?: object) =>
  api.app.inject({ method, url, headers, ...(payload && { payload }) });

describe('a session', () => {
  it('sets a cookie that scripts cannot read and other sites cannot send, and that is Secure if the caller uses TLS', async () => {
    expect((await signIn()).setCookie).toMatch(/^styleforge_session=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    expect((await signIn(api.key, { 'x-forwarded-proto': 'https' })).setCookie).toMatch(/; Secure$/);
  });

  it('can read images, thumbnails, events and lists without a header', async () => {
    const { cookie } = await signIn();
    const dataset = await createDataset(api, 'style_ref');
    const images = (await send('GET', `/v1/datasets/${dataset}`, { cookie })).json<{ images: { url: string; thumbnail_url: string }[] }>()
      .images;
    for (const url of [images[0]?.url, images[0]?.thumbnail_url]) {
      expect((await send('GET', url ?? '', { cookie, accept: 'image/avif,image/webp,*/*' })).statusCode).toBeLessThan(303);
    }
  });

  it('needs its CSRF token for each change', async () => {
    const { cookie, csrf } = await signIn();
    const other = await signIn();
    const body = { name: 'x', kind: 'aux' };
    const wrong: Record<string, string>[] = [{ cookie }, { cookie, 'x-csrf-token': other.csrf }, { cookie, 'x-csrf-token': '' }];
    for (const headers of wrong) {
      const refused = await send('POST', '/v1/datasets', headers, body);
      expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([403, 'csrf_token_invalid']);
    }
    expect((await send('POST', '/v1/datasets', { cookie, 'x-csrf-token': csrf }, body)).statusCode).toBe(201);
  });

  it('has the scopes of its key', async () => {
    const { key } = await api.database.apiKeys.create(api.projectId, 'reader', ['read']);
    const { cookie, csrf } = await signIn(key);
    const refused = await send('POST', '/v1/datasets', { cookie, 'x-csrf-token': csrf }, { name: 'x', kind: 'aux' });
    expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([403, 'insufficient_scope']);
  });

  it('ends when it is signed out, and when its key is revoked or expires', async () => {
    const signedOut = await signIn();
    const end = await send('DELETE', '/v1/session', { cookie: signedOut.cookie, 'x-csrf-token': signedOut.csrf });
    expect([end.statusCode, end.headers['set-cookie']]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    const revoked = await api.database.apiKeys.create(api.projectId, 'revoked');
    const gone = await signIn(revoked.key);
    await api.database.apiKeys.revoke(revoked.keyId);
    const soon = new Date(Date.now() + 3_600_000);
    const short = await api.database.apiKeys.create(api.projectId, 'short', ['read'], { expiresAt: soon });
    const expiring = await signIn(short.key);
    expect(expiring.expires).toBe(soon.toISOString());
    await clientOf(api.database).session.updateMany({ where: { apiKeyId: short.keyId }, data: { expiresAt: new Date() } });
    for (const { cookie } of [signedOut, gone, expiring]) {
      const refused = await send('GET', '/v1/me', { cookie });
      expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([401, 'unauthorized']);
    }
    expect((await api.call('GET', '/v1/me')).status).toBe(200);
  });

  it('is created once for one Idempotency-Key, with its cookie, which is stored nowhere in clear', async () => {
    const headers = { 'idempotency-key': 'sign in' };
    const [first, again] = [await signIn(api.key, headers), await signIn(api.key, headers)];
    expect(again).toEqual(first);
    const rows = await clientOf(api.database).idempotencyKey.findMany();
    expect(JSON.stringify(rows)).toContain('set-cookie');
    expect(JSON.stringify(rows)).not.toContain(first.cookie.split('=')[1]);
  });

  it('does not show the response with a new API key to other sessions of the same key', async () => {
    const { key } = await api.database.apiKeys.create(api.projectId, 'admin', ['admin']);
    const [one, two] = [await signIn(key), await signIn(key)];
    const create = ({ cookie, csrf }: Signed) =>
      send('POST', '/v1/api-keys', { cookie, 'x-csrf-token': csrf, 'idempotency-key': 'new key' }, { name: 'new' });
    const made = (await create(one)).json<{ key: string }>();
    expect((await create(one)).json()).toEqual(made);
    expect((await create(two)).json()).toMatchObject({ code: 'idempotency_key_reused' });
  });
});

describe('GET /v1/me', () => {
  it('returns project, key, session and version', async () => {
    const { cookie, csrf, expires } = await signIn();
    const me = (await send('GET', '/v1/me', { cookie })).json<object>();
    expect(me).toMatchObject({
      project: { id: api.projectId, name: 'test' },
      api_key: { name: 'test', scopes: ['read', 'write'], hint: api.key.slice(0, 9) },
      session: { csrf_token: csrf, expires_at: expires },
      service: { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    });
    expect((await api.call('GET', '/v1/me')).body).toMatchObject({ session: null });
    expect(JSON.stringify(me)).not.toContain(cookie.split('=')[1]);
  });
});

describe('every response', () => {
  it('forbids scripts and frames, except for pages', async () => {
    for (const url of ['/v1/me', '/v1/nothing', '/healthz', '/openapi.json']) {
      const { headers } = await send('GET', url, { authorization: `bearer  ${api.key}` });
      expect([url, headers['content-security-policy'], headers['x-content-type-options']]).toEqual([
        url,
        "default-src 'none'; frame-ancestors 'none'",
        'nosniff',
      ]);
    }
    const docs = await send('GET', '/docs/', {});
    expect([docs.statusCode, docs.headers['content-security-policy']]).toEqual([200, expect.stringContaining("default-src 'self'")]);
  });
});
