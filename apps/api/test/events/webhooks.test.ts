// Webhook endpoints over HTTP: made, shown without their secrets, rotated, tested, deleted; the log of deliveries; a job's own URL.
import { clientOf } from '@styleforge/database/testing';
import type { TrainingJobBody, WebhookBody, WebhookDeliveryBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
});
afterAll(() => api.close());

type WithSecret = WebhookBody & { secret: string };
let last = 0;
const newUrl = () => `https://example.com/hooks/${++last}`;
const create = (url = newUrl(), events = ['training_job.succeeded']) =>
  api.call<WithSecret>('POST', '/v1/webhooks', { body: { url, events } });
const deliveries = async (id: string) =>
  (await api.call<{ data: WebhookDeliveryBody[] }>('GET', `/v1/webhooks/${id}/deliveries`)).body.data;

describe('webhook endpoints', () => {
  it('show their secret when they are created and when it is rotated, and never again', async () => {
    const made = await create();
    expect([made.status, made.headers['location']]).toEqual([201, `/v1/webhooks/${made.body.id}`]);
    expect(made.body).toMatchObject({ events: ['training_job.succeeded'], made_by: 'api', status: 'enabled', old_secret_expires_at: null });
    expect(Buffer.from(made.body.secret.replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
    const read = await api.call<WebhookBody>('GET', `/v1/webhooks/${made.body.id}`);
    expect(read.body).not.toHaveProperty('secret');
    const rotated = await api.call<WithSecret>('POST', `/v1/webhooks/${made.body.id}/rotate-secret`);
    expect(rotated.body.secret).not.toBe(made.body.secret);
    expect(rotated.body.old_secret_expires_at).not.toBeNull();
    const list = await api.call<{ data: WebhookBody[] }>('GET', '/v1/webhooks?limit=1');
    expect(list.body.data).toMatchObject([{ id: made.body.id }]);
    expect(JSON.stringify(list.body)).not.toContain('whsec_');
  });

  it('can change their URL and events, and can be switched off and on', async () => {
    const [{ id, secret, url: first }, { url: taken }] = [(await create()).body, (await create()).body];
    const change = (body: object) => api.call<WebhookBody>('PATCH', `/v1/webhooks/${id}`, { body });
    const url = newUrl();
    expect((await change({ url, events: ['worker.lost'] })).body).toMatchObject({ id, url, events: ['worker.lost'], status: 'enabled' });
    expect((await change({ enabled: false })).body).toMatchObject({ status: 'disabled', disabled_reason: 'switched off' });
    expect((await change({ enabled: true })).body).toMatchObject({ url, status: 'enabled', disabled_reason: null });
    expect((await api.database.webhooks.find(api.projectId, id))?.secret).toBe(secret);
    expect((await change({ url: taken })).body).toMatchObject({ status: 409, code: 'webhook_exists' });
    expect((await change({ url: 'http://127.0.0.1/' })).body).toMatchObject({ status: 422, errors: [{ pointer: '/url' }] });
    expect((await change({})).body).toMatchObject({ status: 422, code: 'validation_failed' });
    expect((await create(first)).status).toBe(201);
    expect((await api.call('PATCH', '/v1/webhooks/whk_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70', { body: { enabled: true } })).status).toBe(
      404,
    );
  });

  it('can be deleted while a delivery is recorded, and neither waits for the other', async () => {
    const { id } = (await create()).body;
    await api.call('POST', `/v1/webhooks/${id}/test`);
    const [row] = (await api.database.webhooks.deliveries(api.projectId, id, { limit: 1 })).rows;
    if (!row) throw new Error('there is no delivery');
    const outcome = { response: { status: 500, body: 'out of order' }, error: 'refused', final: true, disable: 'now' } as const;
    const recorded = await clientOf(api.database).$transaction(async (transaction) => {
      await transaction.$queryRaw`select 1 from webhooks where id = ${id} for update`;
      const recording = api.database.webhooks.recordFailure(row, outcome);
      await new Promise((done) => setTimeout(done, 300));
      await transaction.webhook.delete({ where: { id } });
      return [recording];
    });
    expect(await recorded[0]).toBe(false);
    expect((await api.call('GET', `/v1/webhooks/${id}`)).status).toBe(404);
  });

  it('are created once for an Idempotency-Key, and once for a URL', async () => {
    const body = { url: newUrl(), events: ['generation.failed'] };
    const send = () => api.call<WithSecret>('POST', '/v1/webhooks', { body, headers: { 'idempotency-key': body.url } });
    const [first, second] = [await send(), await send()];
    expect(second.body).toEqual(first.body);
    expect((await create(body.url)).body).toMatchObject({ status: 409, code: 'webhook_exists' });
  });

  it.each([
    ['http://127.0.0.1/x', '/url'],
    ['http://localhost:3000/x', '/url'],
    ['http://api.localhost/x', '/url'],
    ['http://[::ffff:10.0.0.1]/', '/url'],
    ['http://169.254.169.254/', '/url'],
    ['https://example.com:25/', '/url'],
    ['http://example.com:1023/', '/url'],
    ['ftp://example.com/', '/url'],
    ['https://u:p@example.com/', '/url'],
    ['nonsense', '/url'],
  ])('are refused for %s', async (url, pointer) => {
    expect((await create(url)).body).toMatchObject({ status: 422, code: 'validation_failed', errors: [{ pointer }] });
  });

  it('are refused for unknown events and for none', async () => {
    expect((await create(newUrl(), ['training_job.dreamt'])).body).toMatchObject({ errors: [{ pointer: '/events/0' }] });
    expect((await create(newUrl(), [])).body).toMatchObject({ errors: [{ pointer: '/events' }] });
  });

  it('send a test on request, which the log of deliveries shows, and are deleted with their log', async () => {
    const { id } = (await create()).body;
    const test = await api.call<WebhookDeliveryBody>('POST', `/v1/webhooks/${id}/test`);
    expect(test).toMatchObject({ status: 202, body: { webhook_id: id, event: 'webhook.test', status: 'pending', attempts: 0 } });
    expect(await deliveries(id)).toEqual([test.body]);
    expect((await api.call('DELETE', `/v1/webhooks/${id}`)).status).toBe(204);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/deliveries'],
      ['POST', '/test'],
      ['POST', '/rotate-secret'],
    ] as const) {
      expect((await api.call(method, `/v1/webhooks/${id}${path}`)).status).toBe(404);
    }
  });

  it('send an event again with the same id, one delivery at a time', async () => {
    const { id } = (await create()).body;
    const sent = (await api.call<WebhookDeliveryBody>('POST', `/v1/webhooks/${id}/test`)).body;
    const again = () => api.call<WebhookDeliveryBody>('POST', `/v1/webhooks/${id}/deliveries/${sent.id}/redeliver`);
    const waiting = () => clientOf(api.database).outboxMessage.count({ where: { topic: 'webhook', key: sent.id } });
    expect(await again()).toMatchObject({ status: 202, body: { id: sent.id, status: 'pending' } });
    expect(await waiting()).toBe(1);
    await clientOf(api.database).webhookDelivery.update({ where: { id: sent.id }, data: { status: 'failed', error: 'gone' } });
    expect(await again()).toMatchObject({ status: 202, body: { id: sent.id, status: 'pending', error: null, payload: sent.payload } });
    expect(await waiting()).toBe(2);
    const other = (await create()).body.id;
    expect((await api.call('POST', `/v1/webhooks/${other}/deliveries/${sent.id}/redeliver`)).status).toBe(404);
  });

  it('receive events of evaluations, and of a study when its last job has ended', async () => {
    const { id } = (await create(newUrl(), ['evaluation.cancelled', 'study.finished'])).body;
    const dataset = await createDataset(api, 'style_ref', [{ seeds: [11, 12, 13] }]);
    const body = { model: 'tiny', reference_dataset_id: dataset, prompts: ['a cat', 'a house'] };
    const evaluation = await api.call<{ id: string }>('POST', '/v1/evaluations', { body });
    await api.call('POST', `/v1/evaluations/${evaluation.body.id}/cancel`);
    const cancelled = { event: 'evaluation.cancelled', payload: { data: { id: evaluation.body.id, status: 'cancelled' } } };
    expect(await deliveries(id)).toMatchObject([cancelled]);
    const job = { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: dataset } };
    const grid = [{ pointer: '/hyperparameters/seed', values: [1, 2] }];
    const study = await api.call<{ id: string }>('POST', '/v1/studies', { body: { name: 'two', job, grid } });
    const [first, second] = await clientOf(api.database).trainingJob.findMany({ where: { studyId: study.body.id } });
    await api.call('POST', `/v1/training-jobs/${first?.id}/cancel`);
    expect(await deliveries(id)).toHaveLength(1);
    await api.call('POST', `/v1/training-jobs/${second?.id}/cancel`);
    const finished = { event: 'study.finished', payload: { data: { id: study.body.id, object: 'study', name: 'two' } } };
    expect((await deliveries(id))[0]).toMatchObject(finished);
  });

  it('are invisible to other projects', async () => {
    const { id } = (await create()).body;
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/deliveries'],
      ['POST', '/test'],
      ['POST', '/rotate-secret'],
    ] as const) {
      expect((await api.call(method, `/v1/webhooks/${id}${path}`, { key })).status).toBe(404);
    }
  });
});

describe("a job's webhook_url", () => {
  it("gets an endpoint of its own, or the project's existing one, and receives the job's events", async () => {
    const styleRef = await createDataset(api, 'style_ref');
    const job = (webhook_url: string) =>
      api.call<TrainingJobBody>('POST', '/v1/training-jobs', {
        body: { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: styleRef }, webhook_url },
      });
    const url = newUrl();
    const first = await job(url);
    expect(first).toMatchObject({ status: 202, body: { webhook_url: url } });
    await job(url);
    const { data } = (await api.call<{ data: WebhookBody[] }>('GET', '/v1/webhooks?limit=100')).body;
    const [own, ...others] = data.filter((webhook) => webhook.url === url);
    expect(own).toMatchObject({ made_by: 'training_job', events: [] });
    expect(others).toEqual([]);
    expect((await deliveries(own?.id ?? '')).map(({ event }) => event)).toEqual(['training_job.queued', 'training_job.queued']);
    await api.call('POST', `/v1/training-jobs/${first.body.id}/cancel`);
    expect((await deliveries(own?.id ?? ''))[0]).toMatchObject({
      event: 'training_job.cancelled',
      payload: { data: { id: first.body.id, status: 'cancelled' } },
    });
    expect((await create(url)).body).toMatchObject({ id: own?.id, made_by: 'api', events: ['training_job.succeeded'] });
  });
});
