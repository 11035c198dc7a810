// API keys over HTTP: made, shown once, listed, revoked, expired; what each scope may do.
import { clientOf } from '@styleforge/database/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiKeyBody, CreatedApiKeyBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let admin: string;
beforeAll(async () => {
  api = await startApiFixture();
  admin = (await api.database.apiKeys.create(api.projectId, 'admin', ['admin'])).key;
});
afterAll(() => api.close());

type Page = { data: ApiKeyBody[]; has_more: boolean; next: string | null };
const create = (body: object, headers = {}) => api.call<CreatedApiKeyBody>('POST', '/v1/api-keys', { key: admin, body, headers });
const revoke = (id: string, key = admin) => api.call<ApiKeyBody>('POST', `/v1/api-keys/${id}/revoke`, { key });

describe('POST /v1/api-keys', () => {
  it('creates a key that works immediately and that nobody can read again', async () => {
    const { status, body, headers } = await create({ name: 'training', scopes: ['write', 'read'] });
    expect([status, headers['location'], headers['cache-control']]).toEqual([201, `/v1/api-keys/${body.id}`, 'no-store']);
    expect(body).toMatchObject({
      name: 'training',
      scopes: ['write', 'read'],
      hint: body.key.slice(0, 9),
      expires_at: null,
      last_used_at: null,
      revoked_at: null,
    });
    expect(body.key).toMatch(/^sf_[\w-]{43}$/);
    expect((await api.call('GET', '/v1/datasets', { key: body.key })).status).toBe(200);
    const shown = await api.call<ApiKeyBody>('GET', `/v1/api-keys/${body.id}`, { key: admin });
    expect(Object.keys(shown.body)).not.toContain('key');
    expect(shown.body.last_used_at).not.toBeNull();
    const stored = await clientOf(api.database).apiKey.findUniqueOrThrow({ where: { id: body.id } });
    expect(JSON.stringify(stored)).not.toContain(body.key);
  });

  it('points at the wrong field', async () => {
    for (const [body, pointer] of [
      [{ name: '' }, '/name'],
      [{ name: 'x', scopes: [] }, '/scopes'],
      [{ name: 'x', scopes: ['read', 'read'] }, '/scopes'],
      [{ name: 'x', scopes: ['root'] }, '/scopes/0'],
      [{ name: 'x', expires_at: 'tomorrow' }, '/expires_at'],
      [{ name: 'x', expires_at: '2020-01-01T00:00:00Z' }, '/expires_at'],
    ] as const) {
      expect((await create(body)).body).toMatchObject({ status: 422, code: 'validation_failed', errors: [{ pointer }] });
    }
  });

  it('repeats the response for a repeated Idempotency-Key, only to the same caller, and stores it encrypted', async () => {
    const headers = { 'idempotency-key': 'one key' };
    const first = await create({ name: 'once' }, headers);
    const second = await create({ name: 'once' }, headers);
    expect([second.status, second.body, second.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
    const other = (await create({ name: 'second admin', scopes: ['admin'] })).body.key;
    expect((await api.call('POST', '/v1/api-keys', { key: other, body: { name: 'once' }, headers })).body).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
    const kept = await clientOf(api.database).idempotencyKey.findFirstOrThrow({ where: { key: 'one key' } });
    expect(JSON.stringify(kept.responseBody)).not.toContain('sf_');
    expect(kept.responseStatus).toBe(201);
  });
});

describe('a key that no longer works', () => {
  it('is refused as soon as it is revoked, and can be revoked again', async () => {
    const { id, key } = (await create({ name: 'short' })).body;
    expect((await api.call('GET', '/v1/datasets', { key })).status).toBe(200);
    const revoked = await revoke(id);
    expect([revoked.status, typeof revoked.body.revoked_at]).toEqual([200, 'string']);
    expect((await api.call('GET', '/v1/datasets', { key })).body).toMatchObject({ status: 401, code: 'unauthorized' });
    expect((await revoke(id)).body.revoked_at).toBe(revoked.body.revoked_at);
  });

  it('is refused after it has expired', async () => {
    const expiresAt = Date.now() + 3_000;
    const { key } = (await create({ name: 'for seconds', expires_at: new Date(expiresAt).toISOString() })).body;
    expect((await api.call('GET', '/v1/datasets', { key })).status).toBe(200);
    await sleep(Math.max(0, expiresAt - Date.now()) + 5);
    expect((await api.call('GET', '/v1/datasets', { key })).status).toBe(401);
  });
});

describe('GET /v1/api-keys', () => {
  it('lists the keys of the project newest first, page by page, and none of another project', async () => {
    const { projectId } = await api.database.apiKeys.createProject('other');
    const foreign = await api.database.apiKeys.create(projectId, 'foreign', ['admin']);
    const ids = [(await create({ name: 'a' })).body.id, (await create({ name: 'b' })).body.id].reverse();
    const page = (query: string) => api.call<Page>('GET', `/v1/api-keys?${query}`, { key: admin });
    const first = await page('limit=2');
    expect([first.body.data.map(({ id }) => id), first.body.has_more, first.body.next]).toEqual([ids, true, ids[1]]);
    const all = await page('limit=100');
    expect(all.body.data.map(({ id }) => id)).not.toContain(foreign.keyId);
    expect((await page(`limit=100&after=${ids[1]}`)).body.data).toEqual(all.body.data.slice(2));
    expect((await revoke(foreign.keyId)).status).toBe(404);
    expect((await api.call('GET', '/v1/datasets', { key: foreign.key })).status).toBe(200);
    expect((await api.call<Page>('GET', '/v1/api-keys', { key: foreign.key })).body.data.map(({ id }) => id)).toEqual([foreign.keyId]);
  });
});
