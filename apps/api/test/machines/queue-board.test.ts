// Bull Board over a real queue: who sees it, what it shows, and that it changes nothing.
import { buildApp } from '@styleforge/api';
import { createQueues, type JobQueues } from '@styleforge/queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiFixture, startApiFixture } from '../api-fixture.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

let api: ApiFixture;
let queues: JobQueues;
let app: Awaited<ReturnType<typeof buildApp>>;
let adminKey: string;

beforeAll(async () => {
  api = await startApiFixture();
  queues = await createQueues(api.queueConnection, log);
  await queues.enqueue('train', [{ id: 'job_waiting', payload: { jobId: 'job_waiting' } }]);
  app = await buildApp({ ...api.options, queues, showsQueueBoard: true });
  adminKey = (await api.database.apiKeys.create(api.projectId, 'admin', ['admin'])).key;
});
afterAll(async () => {
  await app.close();
  await queues.close();
  await api.close();
});

const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`me:${key}`).toString('base64')}` });

describe('the queue board', () => {
  it('is shown only to keys with the admin scope, in the form that browsers send them', async () => {
    const nobody = await app.inject('/admin/queues');
    expect([nobody.statusCode, nobody.headers['www-authenticate']]).toEqual([401, 'Basic realm="StyleForge queues"']);
    expect((await app.inject({ url: '/admin/queues', headers: basic(api.key) })).statusCode).toBe(403);
    const page = await app.inject({ url: '/admin/queues', headers: basic(adminKey) });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await app.inject('/admin/queues/api/queues')).statusCode).toBe(401);
  });

  it('lists queues and their jobs', async () => {
    const answer = await app.inject({ url: '/admin/queues/api/queues?activeQueue=train&page=1&jobsPerPage=10', headers: basic(adminKey) });
    const { queues: shown } = answer.json<{ queues: { name: string; readOnlyMode: boolean; counts: Record<string, number> }[] }>();
    const train = shown.find(({ name }) => name === 'train');
    expect(train).toMatchObject({ readOnlyMode: true, counts: { waiting: 1 } });
  });

  it('refuses to change anything', async () => {
    const answer = await app.inject({ method: 'PUT', url: '/admin/queues/api/queues/train/job_waiting/clean', headers: basic(adminKey) });
    expect(answer.statusCode).toBe(405);
    expect((await queues.counts()).find(({ queue, state }) => queue === 'train' && state === 'waiting')?.count).toBe(1);
  });

  it('is not in the OpenAPI document, and does not exist unless it is switched on', async () => {
    const document = (await app.inject('/openapi.json')).json<{ paths: object }>();
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/admin'))).toEqual([]);
    expect((await api.app.inject({ url: '/admin/queues', headers: basic(adminKey) })).statusCode).toBe(404);
  });
});
