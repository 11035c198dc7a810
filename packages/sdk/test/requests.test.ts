// Requests of the SDK to the real API through a proxy that breaks connections: responses, lists, errors, repetitions, time limits.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  StyleForge,
  UnprocessableEntityError,
} from '@styleforge/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSdkFixture } from './service-fixture.ts';
import type { SdkFixture } from './service-fixture.ts';

let service: SdkFixture;
let client: StyleForge;
beforeAll(async () => {
  service = await startSdkFixture();
  client = service.client();
});
afterAll(() => service.close());
afterEach(() => {
  service.faults.length = 0;
  service.seen.length = 0;
});

const newDataset = (name: string, from = client) => from.datasets.create({ name, kind: 'style_ref' });
const namesOf = async () => (await client.datasets.list({ limit: 100 })).data.map(({ name }) => name);
const caught = (work: PromiseLike<unknown>): Promise<Error> =>
  Promise.resolve(work).then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: Error) => error,
  );

describe('the client', () => {
  it('names the missing or wrong setting', () => {
    expect(() => new StyleForge({ apiKey: '' })).toThrow(/STYLEFORGE_API_KEY/);
    for (const baseUrl of ['nowhere', 'localhost:3000'])
      expect(() => new StyleForge({ apiKey: 'sf_x', baseUrl })).toThrow(`baseUrl: ${baseUrl} is not an http or https URL`);
  });

  it('reads base models and readiness', async () => {
    const models = await client.baseModels.list();
    expect(models.map(({ name }) => name)).toEqual(['tiny']);
    expect(await client.baseModels.get('tiny')).toEqual(models[0]);
    expect(await client.readiness()).toMatchObject({ status: 'ready', dependencies: { database: { status: 'up' } } });
  });

  it('keeps the path of its base URL', async () => {
    const below = service.client({ baseUrl: `${client.baseUrl}/below/` });
    expect(await caught(below.datasets.get('ds_x'))).toMatchObject({ status: 404 });
    await caught(below.download('/v1/images/x'));
    expect(service.seen.map(({ url }) => url)).toEqual(['/below/v1/datasets/ds_x', '/below/v1/images/x']);
  });
});

describe('lists', () => {
  it('give a page with await, and every item of every page with for await', async () => {
    const names = ['page a', 'page b', 'page c', 'page d', 'page e'];
    for (const name of names) await newDataset(name);
    const first = await client.datasets.list({ limit: 2 });
    expect([first.data.map(({ name }) => name), first.hasNextPage()]).toEqual([['page e', 'page d'], true]);
    expect((await first.getNextPage()).data.map(({ name }) => name)).toEqual(['page c', 'page b']);
    const all: string[] = [];
    for await (const { name } of client.datasets.list({ limit: 2 })) all.push(name);
    expect(all).toEqual([...names].reverse());
    const pages: number[] = [];
    for await (const page of (await client.datasets.list({ limit: 3, after: first.data[0]?.id ?? '' })).iterPages())
      pages.push(page.data.length);
    expect(pages).toEqual([3, 1]);
    await expect((await client.datasets.list({ limit: 100 })).getNextPage()).rejects.toThrow(/last page/);
  });
});

describe('errors', () => {
  it('are classes with the code, the request id and the fields', async () => {
    const error = await caught(client.datasets.create({ name: '', kind: 'other' as 'aux' }));
    expect(error).toBeInstanceOf(UnprocessableEntityError);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ name: 'UnprocessableEntityError', status: 422, code: 'validation_failed' });
    const { errors, requestId, message } = error as APIError;
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/name', '/kind']);
    expect(requestId).toMatch(/^req_/);
    expect(message).toMatch(/^422 validation_failed \/name: /);
  });

  it('distinguish a wrong key, a missing object, a conflict, and an unavailable service', async () => {
    expect(await caught(service.client({ apiKey: 'sf_wrong' }).datasets.list())).toBeInstanceOf(AuthenticationError);
    expect(await caught(client.trainingJobs.get('job_none'))).toBeInstanceOf(NotFoundError);
    const { id } = await newDataset('short-lived');
    await client.datasets.delete(id);
    expect(await caught(client.datasets.get(id))).toMatchObject({ code: 'not_found' });
    const nobody = service.client({ baseUrl: 'http://127.0.0.1:1', maxRetries: 0 });
    const error = await caught(nobody.datasets.list());
    expect(error).toBeInstanceOf(APIConnectionError);
    expect(error.message).toMatch(/127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED|bad port/);
  });

  it('survive a proxy that responds with a page', async () => {
    service.faults.push({ answer: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' });
    const error = await caught(service.client({ maxRetries: 0 }).datasets.list());
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 502, code: undefined });
  });
});

describe('repeated requests', () => {
  it('repeat a POST whose response was lost without doing it twice', async () => {
    service.faults.push('lose the answer', { answer: 503 });
    const { name } = await newDataset('only once');
    expect(name).toBe('only once');
    const keys = service.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect((await namesOf()).filter((other) => other === 'only once')).toHaveLength(1);
  });

  it("use the caller's own idempotency key", async () => {
    const [first, second] = [
      await client.datasets.create({ name: 'mine', kind: 'aux' }, { idempotencyKey: 'k1' }),
      await client.datasets.create({ name: 'mine', kind: 'aux' }, { idempotencyKey: 'k1' }),
    ];
    expect(second).toEqual(first);
    expect(await caught(client.datasets.create({ name: 'other', kind: 'aux' }, { idempotencyKey: 'k1' }))).toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('wait for Retry-After, and give up if that is too long', async () => {
    service.faults.push({ answer: 429, headers: { 'retry-after': '0.2' } });
    const start = Date.now();
    await client.datasets.list();
    expect(Date.now() - start).toBeGreaterThanOrEqual(190);
    service.faults.push({ answer: 429, headers: { 'retry-after': '3600' } });
    expect(await caught(client.datasets.list())).toBeInstanceOf(RateLimitError);
    expect(service.seen).toHaveLength(3);
  });

  it('continue until the first request with the same key has ended, unless repetitions are off', async () => {
    const busy = {
      answer: 409,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '0.02' },
      body: JSON.stringify({ code: 'idempotency_in_progress' }),
    };
    service.faults.push(busy, { answer: 503, headers: { 'retry-after': '0.02' } }, busy, busy, busy);
    expect((await newDataset('waited for')).name).toBe('waited for');
    expect(service.seen).toHaveLength(6);
    service.faults.push(busy);
    expect(await caught(client.datasets.create({ name: 'at once', kind: 'aux' }, { maxRetries: 0 }))).toMatchObject({
      code: 'idempotency_in_progress',
    });
  });

  it('end after maxRetries, and are not sent for refusals', async () => {
    service.faults.push('refuse', 'refuse', 'refuse');
    expect(await caught(client.datasets.list({}, { maxRetries: 1 }))).toBeInstanceOf(APIConnectionError);
    expect(service.seen).toHaveLength(2);
    service.faults.length = 0;
    await caught(client.datasets.get('ds_none'));
    expect(service.seen).toHaveLength(3);
  });

  it('are sent if a response is interrupted', async () => {
    service.faults.push({ cutAfter: 10 });
    expect((await client.datasets.list()).data.length).toBeGreaterThan(0);
    expect(service.seen).toHaveLength(2);
  });
});

describe('time', () => {
  it('is limited for each attempt', async () => {
    service.faults.push('never answer', 'never answer');
    const error = await caught(client.datasets.list({}, { timeout: 100, maxRetries: 1 }));
    expect(error).toBeInstanceOf(APIConnectionTimeoutError);
    expect(service.seen).toHaveLength(2);
  });

  it("ends with the caller's signal, during a request and between two of them", async () => {
    service.faults.push('never answer');
    const during = new AbortController();
    const first = caught(client.datasets.list({}, { signal: during.signal }));
    setTimeout(() => during.abort(), 50);
    expect(await first).toBeInstanceOf(APIUserAbortError);
    service.faults.push({ answer: 503, headers: { 'retry-after': '50' } });
    const between = new AbortController();
    const second = caught(client.datasets.list({}, { signal: between.signal }));
    setTimeout(() => between.abort(), 200);
    expect(await second).toBeInstanceOf(APIUserAbortError);
    expect(await caught(client.datasets.list({}, { signal: AbortSignal.abort() }))).toBeInstanceOf(APIUserAbortError);
  });
});

it('sends the key only to the service', async () => {
  const keys: (string | undefined)[] = [];
  const objectStore = createServer((request, response) => {
    keys.push(request.headers.authorization);
    response.end('bytes');
  });
  await new Promise<void>((done) => objectStore.listen(0, '127.0.0.1', done));
  const { port } = objectStore.address() as AddressInfo;
  expect(await (await client.download(`http://127.0.0.1:${port}/signed`)).text()).toBe('bytes');
  objectStore.close();
  expect(keys).toEqual([undefined]);
  await client.download('/healthz');
  expect(service.seen[0]?.headers.authorization).toBe(`Bearer ${service.apiKey}`);
});

it('knows a conflict', async () => {
  service.faults.push({
    answer: 409,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify({ code: 'dataset_in_use', detail: 'Cancel the jobs.' }),
  });
  expect(await caught(client.datasets.delete('ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70'))).toBeInstanceOf(ConflictError);
});
