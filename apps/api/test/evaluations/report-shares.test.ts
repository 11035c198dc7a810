// Links to reports: made, opened without a key, listed, revoked, expired.
import { clientOf } from '@styleforge/database/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { seedProject } from '../seeded-project.ts';
import type { SeededIds } from '../seeded-project.ts';

let api: ApiFixture;
let ids: SeededIds;
beforeAll(async () => {
  api = await startApiFixture();
  ids = await seedProject(api);
});
afterAll(() => api.close());

type Share = { id: string; url: string; hint: string; expires_at: string | null };
const share = async (id: string, body: object = {}) => (await api.call<Share>('POST', `/v1/reports/${id}/share`, { body })).body;
const open = (url: string) => api.app.inject(url);
const listed = async () =>
  (await api.call<{ data: Share[] }>('GET', `/v1/reports/${ids['evaluations']}/share`)).body.data.map(({ id }) => id);

it('opens the page of a report without a key, and keeps it from caches, frames and search engines', async () => {
  const made = await share(ids['evaluations'] ?? '');
  expect(Date.parse(made.expires_at ?? '') - Date.now()).toBeGreaterThan(29.9 * 86_400_000);
  const page = await open(made.url);
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.body).toContain('<html');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect(page.headers).toMatchObject({
    'cache-control': 'private, no-store',
    'x-robots-tag': 'noindex, nofollow',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  expect(page.headers['set-cookie']).toBeUndefined();
  // The token leads to this page and is no key.
  const token = made.url.split('/').at(-1) ?? '';
  expect((await api.call('GET', '/v1/me', { key: token })).status).toBe(401);
});

it('is created for a training job from the evaluation at its end', async () => {
  const made = await share(ids['training-jobs'] ?? '', { expires_in_days: null });
  expect(made).toMatchObject({ evaluation_id: ids['evaluations'], expires_at: null });
  expect((await open(made.url)).statusCode).toBe(200);
});

it('ends when it is revoked: one link, or all of them', async () => {
  const [first, second] = [await share(ids['evaluations'] ?? ''), await share(ids['evaluations'] ?? '')];
  expect(await listed()).toEqual(expect.arrayContaining([first.id, second.id]));
  expect((await api.call('DELETE', `/v1/reports/${ids['evaluations']}/share/${first.id}`)).status).toBe(204);
  expect((await open(first.url)).statusCode).toBe(404);
  expect((await open(second.url)).statusCode).toBe(200);
  expect((await api.call('DELETE', `/v1/reports/${ids['evaluations']}/share/${first.id}`)).status).toBe(404);
  expect((await api.call('DELETE', `/v1/reports/${ids['evaluations']}/share`)).status).toBe(204);
  expect(await listed()).toEqual([]);
  const refused = await open(second.url);
  expect([refused.statusCode, refused.json()]).toMatchObject([404, { code: 'not_found' }]);
});

it('ends when it expires, and with its evaluation', async () => {
  const made = await share(ids['evaluations'] ?? '', { expires_in_days: 1 });
  await clientOf(api.database).reportShare.update({ where: { id: made.id }, data: { expiresAt: new Date(Date.now() - 1) } });
  expect((await open(made.url)).statusCode).toBe(404);
  expect(await listed()).not.toContain(made.id);
  const other = await share(ids['evaluations'] ?? '');
  await api.call('DELETE', `/v1/evaluations/${ids['evaluations']}`);
  expect((await open(other.url)).statusCode).toBe(404);
});

it('is refused if there is no report', async () => {
  const job = await api.call<{ id: string }>('POST', '/v1/training-jobs', {
    body: { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: ids['datasets'] } },
  });
  const refused = await api.call('POST', `/v1/reports/${job.body.id}/share`, { body: {} });
  expect([refused.status, refused.body['code']]).toEqual([409, 'status_conflict']);
  expect((await api.call('POST', `/v1/reports/${ids['datasets']}/share`, { body: {} })).status).toBe(404);
});

it('sends the URL of a job only the events that it has asked for', async () => {
  const body = { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: ids['datasets'] } };
  const alone = await api.call('POST', '/v1/training-jobs', { body: { ...body, webhook_events: ['training_job.failed'] } });
  expect([alone.status, alone.body['errors']]).toMatchObject([422, [{ pointer: '/webhook_events' }]]);
  const webhook_url = 'https://example.com/of-the-job';
  const made = await api.call<{ id: string; webhook_events: string[] }>('POST', '/v1/training-jobs', {
    body: { ...body, webhook_url, webhook_events: ['training_job.cancelled'] },
  });
  expect(made.body.webhook_events).toEqual(['training_job.cancelled']);
  const shown = await api.call('GET', `/v1/training-jobs/${made.body.id}`);
  expect(shown.body).toMatchObject({ webhook_url, webhook_events: ['training_job.cancelled'] });
  await api.call('POST', `/v1/training-jobs/${made.body.id}/cancel`);
  const deliveries = await clientOf(api.database).webhookDelivery.findMany({ where: { webhook: { url: webhook_url } } });
  expect(deliveries.map(({ eventType }) => eventType)).toEqual(['training_job.cancelled']);
});
