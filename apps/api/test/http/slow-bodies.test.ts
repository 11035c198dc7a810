// Callers that send slowly, or much at a time: they are cut off or told to wait, and nobody else notices.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startApi } from '@styleforge/api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, multipartBody, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

const MEGABYTE = 2 ** 20;
const SOON = { timeout: 120_000 };

let api: ApiFixture;
let server: Awaited<ReturnType<typeof startApi>>;
/** Waits as long as usual for those who send slowly. */
let patient: typeof server;
let datasetId: string;
const sockets: Socket[] = [];
beforeAll(async () => {
  api = await startApiFixture();
  server = await startApi({
    ...api.options,
    host: '127.0.0.1',
    port: 0,
    bodyLimits: { arrivalMs: 1_500, bytes: 20 * MEGABYTE, bytesPerKey: 10 * MEGABYTE },
    uploadPace: { silenceMs: 3_000, bytesPerSecond: 50_000 },
    maxConnections: 60,
  });
  const uploadPace = { silenceMs: 600_000, bytesPerSecond: 1 };
  patient = await startApi({ ...api.options, host: '127.0.0.1', port: 0, uploadsPerKey: 2, uploadsAtOnce: 3, uploadPace });
  datasetId = await createDataset(api, 'aux', []);
});
afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));
afterAll(async () => {
  await Promise.all([server.close(), patient.close()]);
  await api.close();
});

type BodyOf = { key?: string; length: number | 'chunked'; type?: string; to?: typeof server };
type Opened = { socket: Socket; text: () => string; ended: Promise<unknown> };

/** A request whose body is sent by hand. */
function open(path: string, { key = api.key, length, type = 'application/json', to = server }: BodyOf): Opened {
  const socket = connect(Number(new URL(to.url).port), '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined);
  const size = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: ${type}\r\n${size}\r\n\r\n`);
  return { socket, text: () => text, ended: once(socket, 'close') };
}
const statusOf = ({ text }: Opened) => Number(/^HTTP\/1.1 (\d+)/.exec(text())?.[1]);

describe('a JSON body', () => {
  it('that stops or trickles gets 408 after a time', async () => {
    const silent = open('/v1/datasets', { length: 100 });
    const trickling = open('/v1/datasets', { length: 1000 });
    const timer = setInterval(() => trickling.socket.write(' '), 100);
    await Promise.all([silent.ended, trickling.ended]);
    clearInterval(timer);
    expect([statusOf(silent), statusOf(trickling)]).toEqual([408, 408]);
    expect(silent.text()).toContain('"code":"request_timeout"');
  });

  it('to an unknown path, or without a key, gets its response before it arrives and is cut off', async () => {
    const [lost, docs, stranger] = [
      open('/nowhere', { length: 1000 }),
      open('/docs', { length: 'chunked' }),
      open('/v1/datasets', { length: 1000, key: 'none' }),
    ];
    await Promise.all([lost.ended, docs.ended, stranger.ended]);
    expect([statusOf(lost), statusOf(docs), statusOf(stranger)]).toEqual([404, 405, 401]);
  });

  it('counts towards the memory limit of all bodies together', async () => {
    const held = [open('/v1/prompt-sets', { length: 8 * MEGABYTE })];
    await expect.poll(async () => (await fetch(`${server.url}/healthz`)).status, SOON).toBe(200);
    const more = open('/v1/prompt-sets', { length: 8 * MEGABYTE });
    await expect.poll(() => statusOf(more), SOON).toBe(503);
    expect(more.text()).toMatch(/retry-after: 5/i);
    expect(more.text()).toContain('"code":"overloaded"');
    const { key } = await api.database.apiKeys.create(api.projectId, 'other');
    held.push(open('/v1/prompt-sets', { length: 8 * MEGABYTE, key }));
    await Promise.all(held.map(({ ended }) => ended));
    expect(held.map(statusOf)).toEqual([408, 408]);
    const after = await fetch(`${server.url}/v1/prompt-sets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'after', prompts: ['a cat'] }),
    });
    expect(after.status).toBe(201);
  });
});

describe('an upload', () => {
  const start = '--b\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n';
  const upload = (key = api.key, to = server) => {
    const opened = open(`/v1/datasets/${datasetId}/images`, { length: 50 * MEGABYTE, type: 'multipart/form-data; boundary=b', key, to });
    opened.socket.write(start);
    return opened;
  };

  it('that stops or trickles gets 408, and one that is slow but steady continues', async () => {
    const [silent, trickling] = [upload(), upload()];
    const timer = setInterval(() => trickling.socket.write('x'), 200);
    await expect.poll(() => statusOf(silent), SOON).toBe(408);
    await expect.poll(() => statusOf(trickling), SOON).toBe(408);
    clearInterval(timer);
    await Promise.all([silent.ended, trickling.ended]);
    const { body, headers } = multipartBody([{ file: 'ok.png', bytes: await picture(1, 'png', 300), type: 'image/png' }]);
    const slow = open(`/v1/datasets/${datasetId}/images`, { length: body.length, type: headers['content-type']! });
    for (let at = 0; at < body.length; at += 60_000) {
      slow.socket.write(body.subarray(at, at + 60_000));
      await new Promise((done) => setTimeout(done, 100));
    }
    await expect.poll(() => statusOf(slow), SOON).toBe(200);
  });

  it('waits if its key, or the process, has reached its limit of uploads', async () => {
    const refusedOf = (uploads: Opened[]) => uploads.filter((one) => statusOf(one) === 429);
    const mine = Array.from({ length: 5 }, () => upload(api.key, patient));
    await expect.poll(() => refusedOf(mine).length, SOON).toBe(3);
    for (const one of refusedOf(mine)) expect(one.text()).toContain('This API key has 2 uploads open');
    const { key } = await api.database.apiKeys.create(api.projectId, 'other');
    const theirs = Array.from({ length: 3 }, () => upload(key, patient));
    await expect.poll(() => refusedOf(theirs).length, SOON).toBe(2);
    for (const one of refusedOf(theirs)) expect(one.text()).toContain('The service has 3 uploads open');
    expect((await api.call('GET', '/v1/datasets')).status).toBe(200);
  });
});

it('closes connections beyond its limit, and responds again when there are fewer', async () => {
  const idle = Array.from({ length: 100 }, () => connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => undefined));
  sockets.push(...idle);
  await expect.poll(() => idle.filter(({ destroyed }) => destroyed).length, SOON).toBeGreaterThanOrEqual(40);
  idle.forEach((socket) => socket.destroy());
  await expect.poll(async () => (await fetch(`${server.url}/healthz`).catch(() => ({ status: 0 }))).status, SOON).toBe(200);
});

it.each(['application/octet-stream', 'application/x-www-form-urlencoded', 'text/plain'])(
  'accepts a POST without a body if its type is %s',
  async (type) => {
    const answer = await fetch(`${server.url}/v1/training-jobs/job_x/cancel`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': type },
    });
    expect(answer.status).toBe(404);
  },
);
