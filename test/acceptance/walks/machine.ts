// Who the caller is, what the machine does, and what it costs.
import { expect } from 'vitest';
import type { Json } from '../client.ts';
import { ok, type Place } from './place.ts';

export async function walkMachine({ client, baseModel, job }: Place): Promise<void> {
  expect((await ok(client, 'GET', '/v1/me')).body).toMatchObject({
    api_key: { scopes: expect.arrayContaining(['admin']) as string[] },
  });
  for (const path of ['/v1/system', '/v1/queue', '/v1/usage', '/v1/presets']) await ok(client, 'GET', path);
  expect((await ok(client, 'GET', `/v1/base-models/${baseModel.name}`)).body).toMatchObject({ name: baseModel.name });
  expect((await ok(client, 'GET', '/v1/system/sweep?days=365')).body).toMatchObject({ dry_run: expect.any(Boolean) as boolean });
  const log = (await ok(client, 'GET', `/v1/training-jobs/${job}/worker-log?lines=1000`)).body['data'] as { message: string }[];
  expect(log.map(({ message }) => message)).toContain('training job claimed');
  const curves = (await ok(client, 'GET', `/v1/metrics?jobs=${job}&points=2`)).body['data'] as { training_job_id: string }[];
  expect(curves).toHaveLength(1);
  const events = (await ok(client, 'GET', '/v1/events?limit=100&types=training_job.*')).body['data'] as object[];
  expect(events.length).toBeGreaterThan(0);
}

export async function walkWorkers({ client }: Place): Promise<void> {
  const workers = (await ok(client, 'GET', '/v1/workers')).body['data'] as Json[];
  const [worker] = workers.filter(({ status }) => status !== 'lost');
  const url = `/v1/workers/${worker?.id}`;
  expect((await ok(client, 'GET', url)).body).toMatchObject({ id: worker?.id });
  expect((await ok(client, 'POST', `${url}/drain`)).body).toMatchObject({ status: expect.stringMatching(/^drain/) as string });
  expect((await ok(client, 'POST', `${url}/undrain`)).body).not.toMatchObject({ status: 'drained' });
}

export async function walkAccess({ client }: Place): Promise<void> {
  const made = (await ok(client, 'POST', '/v1/api-keys', { body: { name: 'acceptance', scopes: ['read', 'write'] } })).body;
  const listed = (await ok(client, 'GET', '/v1/api-keys?limit=100')).body['data'] as Json[];
  expect(listed.map(({ id }) => id)).toContain(made.id);
  expect((await ok(client, 'GET', `/v1/api-keys/${made.id}`)).body).not.toHaveProperty('key');
  const signedIn = await ok(client, 'POST', '/v1/session');
  const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';');
  const headers = { cookie, 'x-csrf-token': String(signedIn.body['csrf_token']) };
  expect((await client.get('/v1/me', { headers, key: null })).status).toBe(200);
  expect((await client.call('DELETE', '/v1/session', { headers, key: null })).status).toBe(204);
  expect((await client.get('/v1/me', { headers, key: null })).status).toBe(401);
  await ok(client, 'POST', `/v1/api-keys/${made.id}/revoke`);
}

export async function walkWebhooks({ client }: Place): Promise<void> {
  const body = { url: 'https://example.com/styleforge', events: ['evaluation.succeeded'] };
  const { id } = (await ok(client, 'POST', '/v1/webhooks', { body })).body;
  const url = `/v1/webhooks/${id}`;
  expect((await ok(client, 'GET', '/v1/webhooks')).body['data']).toEqual([expect.objectContaining({ id })]);
  expect((await ok(client, 'GET', url)).body).toMatchObject(body);
  const changed = await ok(client, 'PATCH', url, { body: { events: ['evaluation.failed'] } });
  expect(changed.body).toMatchObject({ id, events: ['evaluation.failed'], status: 'enabled' });
  const delivery = (await ok(client, 'POST', `${url}/test`)).body;
  const deliveries = (await ok(client, 'GET', `${url}/deliveries`)).body['data'] as Json[];
  expect(deliveries.map((one) => one.id)).toEqual([delivery.id]);
  await ok(client, 'POST', `${url}/deliveries/${delivery.id}/redeliver`);
  expect((await ok(client, 'POST', `${url}/rotate-secret`)).body['secret']).toMatch(/^whsec_/);
  await ok(client, 'DELETE', url);
  expect((await client.get(url)).status).toBe(404);
}
