// The lock of an Idempotency-Key: held for as long as its request runs, however slow the sender, and given back when the sender leaves.
import { clientOf } from '@styleforge/database/testing';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApi } from '@styleforge/api';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type ApiFixture, createDataset, multipartBody, picture, startApiFixture } from '../api-fixture.ts';

const LOCK_MS = 3_000;

let api: ApiFixture;
let running: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApiFixture();
  running = await startApi({ ...api.options, host: '127.0.0.1', port: 0, idempotencyLockMs: LOCK_MS });
});
afterAll(async () => {
  await running.close();
  await api.close();
});

const form = async () => multipartBody([{ file: 'a.png', bytes: await picture(1), type: 'image/png' }]);

function openUpload(datasetId: string, key: string, headers: OutgoingHttpHeaders): ClientRequest {
  const upload = httpRequest(`${running.url}/v1/datasets/${datasetId}/images`, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${api.key}`, 'idempotency-key': key },
  });
  upload.on('error', () => undefined);
  onTestFinished(() => {
    upload.destroy();
  });
  return upload;
}

/** An upload that has been sent up to its last 40 bytes, and waits with them. */
async function startUpload(datasetId: string, key: string): Promise<{ upload: ClientRequest; finish(): Promise<number> }> {
  const { body, headers } = await form();
  const upload = openUpload(datasetId, key, { ...headers, 'content-length': body.length });
  upload.write(body.subarray(0, body.length - 40));
  await until(async () => (await lockedUntil(key)) !== undefined);
  return {
    upload,
    async finish() {
      const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
      upload.end(body.subarray(body.length - 40));
      const [answer] = await answered;
      answer.resume();
      return answer.statusCode ?? 0;
    },
  };
}

async function uploadAtOnce(datasetId: string, key: string) {
  const { body, headers } = await form();
  const {
    status,
    headers: answered,
    body: { kept },
  } = await api.call<{ kept: number }>('POST', `/v1/datasets/${datasetId}/images`, {
    body,
    headers: { ...headers, 'idempotency-key': key },
  });
  return { status, replayed: answered['idempotency-replayed'], retryAfter: answered['retry-after'], kept };
}

const lockedUntil = async (key: string) =>
  (await clientOf(api.database).idempotencyKey.findFirst({ where: { key } }))?.lockedUntil.getTime();

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    expect(Date.now()).toBeLessThan(end);
    await sleep(50);
  }
}

it('lasts as long as its upload, and other requests are told when to try again', async () => {
  const id = await createDataset(api, 'style_ref', []);
  const { finish } = await startUpload(id, 'slow');
  const first = (await lockedUntil('slow')) ?? 0;
  await until(async () => Date.now() > first);
  expect(await uploadAtOnce(id, 'slow')).toMatchObject({ status: 409, retryAfter: '3' });
  expect(await finish()).toBe(200);
  expect(await uploadAtOnce(id, 'slow')).toMatchObject({ status: 200, replayed: 'true', kept: 1 });
});

it('is released when the sender disconnects', async () => {
  const id = await createDataset(api, 'style_ref', []);
  const { upload } = await startUpload(id, 'left');
  upload.destroy();
  await until(async () => (await lockedUntil('left')) === undefined);
  expect(await uploadAtOnce(id, 'left')).toMatchObject({ status: 200, replayed: undefined, kept: 1 });
});

it('is released when the sender disconnects before the first part is read', async () => {
  const id = await createDataset(api, 'style_ref', []);
  const { body, headers } = await form();
  const keys = Array.from({ length: 6 }, (_, i) => `gone-${i}`);
  for (const [milliseconds, key] of keys.entries()) {
    const upload = openUpload(id, key, { ...headers, 'content-length': body.length });
    upload.flushHeaders();
    const [socket] = (await once(upload, 'socket')) as [Socket];
    await once(socket, 'connect');
    await sleep(milliseconds);
    upload.destroy();
  }
  // Some left before their key was asked for: each has one in the end, or none.
  for (const key of keys) await until(async () => (await uploadAtOnce(id, key)).status === 200);
});

it('that another request has taken over is neither renewed nor given a response', async () => {
  const id = await createDataset(api, 'style_ref', []);
  const { finish } = await startUpload(id, 'lost');
  await clientOf(api.database).idempotencyKey.updateMany({ where: { key: 'lost' }, data: { lockedUntil: new Date(0) } });
  expect(await uploadAtOnce(id, 'lost')).toMatchObject({ status: 200, replayed: undefined, kept: 1 });
  expect(await finish()).toBe(200);
  expect(await uploadAtOnce(id, 'lost')).toMatchObject({ status: 200, replayed: 'true', kept: 1 });
});
