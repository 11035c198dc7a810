// Webhooks against real receivers on a real database: signatures, failures, stalls, redirects, sizes, addresses, secrets, endpoints that
// are given up.
import { clientOf } from '@styleforge/database/testing';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { createAddressPolicy } from '@styleforge/config';
import type { WebhookEvent } from '@styleforge/contracts';
import type { WebhookRow } from '@styleforge/database';
import { createConsumer, createQueues, PermanentJobError, startOutboxPublisher } from '@styleforge/queue';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import { createLogger, deliverWebhook, post, signedHeaders, type WebhookServices } from '@styleforge/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

type Received = { path: string; headers: Record<string, string>; body: string };

const loopback = ['127.0.0.0/8', '::1/128'];
let fixture: TestDatabase;
let receiver: Server;
let base: string;
let answer: (response: ServerResponse, request: IncomingMessage) => void;
let received: Received[] = [];
let projectId: string;
let services: WebhookServices;

beforeAll(async () => {
  fixture = await startTestDatabase();
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ path: request.url ?? '', headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
    answer(response, request);
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await fixture.close();
});
beforeEach(async () => {
  received = [];
  answer = (response) => response.writeHead(204).end();
  ({ projectId } = await fixture.database.apiKeys.createProject('test'));
  services = {
    database: fixture.database,
    log: createLogger('silent'),
    webhooks: { allowedNetworks: loopback, timeoutSeconds: 1, disableAfterDays: 5 },
  };
});

const webhooks = () => fixture.database.webhooks;
async function createWebhook(url = `${base}/hook`, events: WebhookEvent[] = ['training_job.succeeded']): Promise<WebhookRow> {
  const row = await webhooks().create({ projectId, url, events });
  if (row === null) throw new Error('the webhook should be new');
  return row;
}
/** A delivery that counts like any other, unlike a test. */
async function createDelivery({ id }: WebhookRow): Promise<string> {
  const delivery = await webhooks().test(projectId, id);
  await clientOf(fixture.database).webhookDelivery.update({
    where: { id: delivery?.id ?? '' },
    data: { eventType: 'training_job.succeeded' },
  });
  return delivery?.id ?? '';
}
const deliver = (id: string, isLastAttempt = false) => deliverWebhook(id, { isLastAttempt }, services);
const logged = async ({ id }: WebhookRow) => (await webhooks().deliveries(projectId, id, { limit: 10 })).rows[0];

function verify({ headers, body }: Received, secret: string): { type: string; data: { id: string } } {
  return new Webhook(secret).verify(body, headers) as { type: string; data: { id: string } };
}

describe('the signature of a webhook', () => {
  it('equals the example in the specification of Standard Webhooks', () => {
    const payload = '{"test": 2432232314}';
    const headers = signedHeaders(
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      new Date(1614265330_000),
      payload,
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('agrees with the reference implementation, and uses both secrets after a rotation', async () => {
    const old = await createWebhook();
    await deliver(await createDelivery(old));
    expect(verify(received[0] as Received, old.secret)).toMatchObject({ type: 'webhook.test', data: { id: old.id } });
    const rotated = await webhooks().rotateSecret(projectId, old.id);
    await deliver(await createDelivery(old));
    const [, both] = received as [Received, Received];
    expect(both.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    for (const secret of [old.secret, rotated?.secret ?? '']) verify(both, secret);
    await clientOf(fixture.database).webhook.update({ where: { id: old.id }, data: { previousSecretExpiresAt: new Date(0) } });
    await deliver(await createDelivery(old));
    expect(() => verify(received[2] as Received, old.secret)).toThrow();
    verify(received[2] as Received, rotated?.secret ?? '');
  });
});

describe('a receiver of webhooks', () => {
  it('that fails gets the same id and body again, until it accepts them', async () => {
    const webhook = await createWebhook();
    const id = await createDelivery(webhook);
    answer = (response) => response.writeHead(500).end('no');
    await expect(deliver(id)).rejects.toThrow('responded with 500');
    expect(await logged(webhook)).toMatchObject({
      status: 'pending',
      attempts: 1,
      responseStatus: 500,
      responseBody: 'no',
      error: 'the endpoint responded with 500',
    });
    expect((await webhooks().find(projectId, webhook.id))?.failingSince).toBeInstanceOf(Date);
    answer = (response) => response.writeHead(204).end();
    expect(await deliver(id)).toBe('finished');
    expect(await logged(webhook)).toMatchObject({ status: 'delivered', attempts: 2, responseStatus: 204, responseBody: '', error: null });
    expect((await webhooks().find(projectId, webhook.id))?.failingSince).toBeNull();
    const [first, second] = received as [Received, Received];
    expect([second.headers['webhook-id'], second.body]).toEqual([first.headers['webhook-id'], first.body]);
    for (const request of received) verify(request, webhook.secret);
    expect(await deliver(id)).toBe('finished');
    expect(received).toHaveLength(2);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['stalls before its answer', () => undefined],
    ['stalls in its headers', (response) => void response.socket?.write('HTTP/1.1 200 OK\r\nx-slow: ')],
  ])('that %s is given up in time, and tried again', async (_case, stall) => {
    const webhook = await createWebhook(`${base}/stall`);
    answer = stall;
    await expect(deliver(await createDelivery(webhook))).rejects.toThrow('no response within 1 seconds');
    expect(await logged(webhook)).toMatchObject({ status: 'pending', responseStatus: null, responseBody: null });
  });

  it('whose response never ends is judged by its status, and only the beginning is read', async () => {
    const webhook = await createWebhook(`${base}/endless`);
    let written = 0;
    answer = (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && written < 1 << 30) {
          written += 1 << 16;
          if (!response.write(Buffer.alloc(1 << 16))) return void response.once('drain', more);
        }
      };
      more();
    };
    expect(await deliver(await createDelivery(webhook))).toBe('finished');
    expect(written).toBeLessThan(1 << 28);
    expect(await logged(webhook)).toMatchObject({ responseBody: '' });
  });

  it('has the first kilobyte of its response in the log, as text', async () => {
    const webhook = await createWebhook(`${base}/talkative`);
    answer = (response) => response.writeHead(202).end(`\0${'a'.repeat(1022)}ü and more`);
    expect(await deliver(await createDelivery(webhook))).toBe('finished');
    expect(await logged(webhook)).toMatchObject({ responseStatus: 202, responseBody: 'a'.repeat(1022) });
  });

  it('that redirects is not followed', async () => {
    const webhook = await createWebhook(`${base}/from`);
    answer = (response) => response.writeHead(307, { location: `${base}/to` }).end();
    await expect(deliver(await createDelivery(webhook))).rejects.toThrow('responded with 307: redirects are not followed');
    expect(received.map(({ path }) => path)).toEqual(['/from']);
    expect(await logged(webhook)).toMatchObject({ status: 'pending', responseStatus: 307 });
  });

  it('that responds with 413 does not get the same body again', async () => {
    const webhook = await createWebhook(`${base}/small`);
    answer = (response) => response.writeHead(413).end();
    await expect(deliver(await createDelivery(webhook))).rejects.toThrow(PermanentJobError);
    expect(await logged(webhook)).toMatchObject({ status: 'failed', attempts: 1, responseStatus: 413 });
    expect((await webhooks().find(projectId, webhook.id))?.disabledAt).toBeNull();
  });

  it('that responds with 410, or has failed for days, is disabled, and a successful test enables it', async () => {
    const gone = await createWebhook(`${base}/gone`);
    answer = (response) => response.writeHead(410).end();
    await expect(deliver(await createDelivery(gone))).rejects.toThrow('410');
    expect(await webhooks().find(projectId, gone.id)).toMatchObject({
      disabledAt: expect.any(Date) as Date,
      disabledReason: expect.stringContaining('no longer exists') as string,
    });
    const worn = await createWebhook(`${base}/worn`);
    answer = (response) => response.writeHead(503).end();
    await clientOf(fixture.database).webhook.update({
      where: { id: worn.id },
      data: { failingSince: new Date(Date.now() - 6 * 86_400_000) },
    });
    await expect(deliver(await createDelivery(worn), true)).rejects.toThrow(PermanentJobError);
    expect((await webhooks().find(projectId, worn.id))?.disabledAt).toBeInstanceOf(Date);
    const requests = received.length;
    await expect(deliver(await createDelivery(worn))).rejects.toThrow('the endpoint is disabled');
    expect(received).toHaveLength(requests);
    answer = (response) => response.writeHead(200).end();
    await deliver((await webhooks().test(projectId, worn.id))?.id ?? '');
    expect(await webhooks().find(projectId, worn.id)).toMatchObject({ disabledAt: null, disabledReason: null, failingSince: null });
  });
});

describe('the addresses of webhooks', () => {
  it.each([
    'http://127.0.0.1:1/',
    'http://[::1]:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'http://localhost:1/',
    'http://10.0.0.1/',
    'http://169.254.169.254/latest',
  ])('are refused before any connection is made: %s', async (url) => {
    services.webhooks = { ...services.webhooks, allowedNetworks: [] };
    const webhook = await createWebhook(url);
    await expect(deliver(await createDelivery(webhook))).rejects.toThrow(/the endpoint is not reachable/);
    expect(await logged(webhook)).toMatchObject({ status: 'failed', responseStatus: null, error: 'the endpoint is not reachable' });
    expect(received).toEqual([]);
  });

  it('are resolved and checked at each connection', async () => {
    const url = new URL(base);
    url.hostname = 'localhost';
    let allowed = true;
    const mayReach = (address: string) => allowed && createAddressPolicy(loopback)(address);
    expect(await post(url, { headers: {}, body: '{}', mayReach, timeoutMs: 5_000 })).toEqual({ status: 204, body: '' });
    allowed = false;
    await expect(post(url, { headers: {}, body: '{}', mayReach, timeoutMs: 5_000 })).rejects.toThrow(/localhost is at (127\.0\.0\.1|::1)/);
    expect(received).toHaveLength(1);
  });
});

describe('the events of a job', () => {
  it("are sent once to each subscribed endpoint and to the job's webhook_url, through outbox and queue, also after a failure", async () => {
    const wanting = await createWebhook(`${base}/wanting`, ['training_job.succeeded']);
    const other = await createWebhook(`${base}/other`, ['training_job.failed']);
    const { id: datasetId } = await fixture.database.datasets.create(projectId, { name: 'style', kind: 'style_ref' });
    const job = await fixture.database.trainingJobs.create({
      projectId,
      config: trainingConfig(datasetId),
      metadata: { team: 'a' },
      webhookUrl: `${base}/own`,
    });
    const id = job?.id ?? '';
    await fixture.database.trainingJobs.claim(id);
    await fixture.database.trainingJobs.start(id, 1);
    await fixture.database.trainingJobs.setStatus(id, {
      from: 'running',
      to: 'succeeded',
      attempt: 1,
      result: { final_step: 2, checkpoint_id: 'ckpt_x' },
    });

    services.webhooks = { ...services.webhooks, publicUrl: 'https://forge.example.com/' };
    let refusals = 1;
    answer = (response, { url }) => response.writeHead(url === '/wanting' && refusals-- > 0 ? 502 : 200).end();
    const connection = { kind: 'postgres' as const, databaseUrl: fixture.databaseUrl };
    const queues = await createQueues(connection, services.log);
    const publisher = await startOutboxPublisher({ database: fixture.database, queues, log: services.log, pollMs: 200 });
    const consumer = await createConsumer(connection, {
      name: 'webhook',
      concurrency: 4,
      log: services.log,
      handle: ({ deliveryId }, context) => deliverWebhook(deliveryId, context, services),
    });
    const delivered = () => clientOf(fixture.database).webhookDelivery.count({ where: { projectId, status: 'delivered' } });
    while ((await delivered()) < 5) await new Promise((done) => setTimeout(done, 100));
    await consumer.close(1_000);
    await publisher.stop();
    await queues.close();

    // What earlier tests have left undelivered comes, too.
    const mine = received.filter(({ path }) => path === '/own' || path === '/wanting');
    const bodies = mine.map(({ path, body }) => ({ path, ...(JSON.parse(body) as { type: string; data: object }) }));
    expect(new Set(bodies.filter(({ path }) => path === '/own').map(({ type }) => type))).toEqual(
      new Set(['training_job.queued', 'training_job.validating', 'training_job.running', 'training_job.succeeded']),
    );
    expect(new Set(bodies.filter(({ path }) => path === '/wanting').map(({ type }) => type))).toEqual(new Set(['training_job.succeeded']));
    expect(new Set(mine.map(({ headers }) => headers['webhook-id'])).size).toBe(5);
    expect(mine).toHaveLength(6);
    expect((await webhooks().deliveries(projectId, other.id, { limit: 10 })).rows).toEqual([]);
    expect(bodies.find(({ path }) => path === '/wanting')).toMatchObject({
      type: 'training_job.succeeded',
      data: {
        id,
        object: 'training_job',
        status: 'succeeded',
        metadata: { team: 'a' },
        error: null,
        result: { final_step: 2 },
        links: { self: `https://forge.example.com/v1/training-jobs/${id}` },
      },
    });
    for (const request of mine.filter(({ path }) => path === '/wanting')) verify(request, wanting.secret);
  });
});
