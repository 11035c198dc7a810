// Event streams of several API processes over one database: any of them tells what was written through another, and after a restart the
// next continues.
import { setTimeout as sleep } from 'node:timers/promises';
import { startApi, type RunningApi } from '@styleforge/api';
import { SESSION_COOKIE } from '@styleforge/contracts';
import { createDatabase, type Database } from '@styleforge/database';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

const PATIENCE_MS = 20_000;

let api: ApiFixture;
let datasetId: string;
const open: { running: RunningApi; database: Database }[] = [];
beforeAll(async () => {
  api = await startApiFixture();
  datasetId = await createDataset(api, 'style_ref');
});
afterEach(async () => {
  for (const { running, database } of open.splice(0)) {
    await running.close();
    await database.close();
  }
});
afterAll(() => api.close());

/** Starts the API as a process of its own would be: its own connections and nothing in common with another but the database. */
async function startInstance(eventStreamsPerKey?: number): Promise<RunningApi> {
  const database = createDatabase(api.databaseUrl, { maxConnections: 3 });
  const running = await startApi({
    ...api.options,
    database,
    host: '127.0.0.1',
    port: 0,
    ...(eventStreamsPerKey !== undefined && { eventStreamsPerKey }),
  });
  open.push({ running, database });
  return running;
}

const send = (
  instance: RunningApi,
  method: string,
  path: string,
  { body, headers = {}, key = api.key }: { body?: object; headers?: Record<string, string>; key?: string } = {},
) =>
  fetch(instance.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });

async function createJob(instance: RunningApi): Promise<string> {
  const answer = await send(instance, 'POST', '/v1/training-jobs', {
    body: { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: datasetId } },
  });
  return ((await answer.json()) as { id: string }).id;
}

class Listener {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = '';
  readonly #ended: Promise<void>;

  constructor(answer: Response) {
    if (!answer.body) throw new Error('the stream has no body');
    this.#reader = answer.body.getReader();
    this.#ended = this.#read();
  }

  static async open(instance: RunningApi, jobId: string, lastEventId?: number, key?: string): Promise<Listener> {
    const headers = { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }) };
    return new Listener(await send(instance, 'GET', `/v1/training-jobs/${jobId}/events`, { headers, ...(key && { key }) }));
  }

  static async openPath(instance: RunningApi, path: string, caller: Record<string, string>): Promise<Listener> {
    return new Listener(await fetch(instance.url + path, { headers: { accept: 'text/event-stream', ...caller } }));
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (let part = await this.#reader.read(); !part.done; part = await this.#reader.read())
      this.#text += decoder.decode(part.value, { stream: true });
  }

  /** [id, type] of what came so far, without progress, which has no id. */
  get events(): [number, string][] {
    return [...this.#text.matchAll(/id: (\d+)\nevent: (\S+)\n/g)].map(([, id, type = '']) => [Number(id), type]);
  }

  get types(): string[] {
    return [...this.#text.matchAll(/event: (\S+)\n/g)].map(([, type = '']) => type);
  }

  async until(type: string): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; !this.events.some(([, seen]) => seen === type); await sleep(50)) {
      if (Date.now() > end) throw new Error(`${type} never came: ${this.#text}`);
    }
  }

  ended = () => this.#ended;
  leave = () => this.#reader.cancel();
}

describe('with two API processes', () => {
  it('a stream of one shows what was written through the other, and ends with the job', async () => {
    const [a, b] = [await startInstance(), await startInstance()];
    const id = await createJob(a);
    const listener = await Listener.open(b, id);
    await listener.until('job.queued');
    expect((await send(a, 'POST', `/v1/training-jobs/${id}/pause`)).status).toBe(202);
    await listener.until('job.paused');
    expect((await send(a, 'POST', `/v1/training-jobs/${id}/cancel`)).status).toBe(202);
    await listener.until('job.cancelled');
    await listener.ended();
    const log = (await (await send(b, 'GET', `/v1/training-jobs/${id}/events`)).json()) as { data: { sequence: number; type: string }[] };
    expect(listener.events).toEqual(log.data.map(({ sequence, type }) => [sequence, type]));
  });
});

it('the last event of a stream is the end of the job, after the last progress', async () => {
  const instance = await startInstance();
  const id = await createJob(instance);
  await api.database.trainingJobs.claim(id);
  const listener = await Listener.open(instance, id);
  await listener.until('job.validating');
  await api.database.trainingJobs.start(id, 1);
  await api.database.trainingJobs.updateProgress(id, 1, {
    step: 3,
    of: 10,
    loss: 0.5,
    style_ref_loss: 0.5,
    aux_loss: null,
    grad_norm: 1,
    learning_rate: 2e-5,
    samples_per_second: 3,
    eta_seconds: 7,
  });
  await api.database.trainingJobs.setStatus(id, {
    from: 'running',
    to: 'failed',
    attempt: 1,
    error: { code: 'internal_error', message: 'x', retryable: true },
  });
  await listener.ended();
  expect(listener.types.slice(-2)).toEqual(['progress', 'job.failed']);
});

describe('after a restart', () => {
  it('a stream continues after Last-Event-ID with everything that happened meanwhile, each event once', async () => {
    const before = await startInstance();
    const id = await createJob(before);
    const first = await Listener.open(before, id);
    await first.until('job.queued');
    await before.close();
    await first.ended();
    const last = first.events.at(-1)?.[0] ?? 0;
    // What a worker writes meanwhile.
    await api.database.trainingJobs.claim(id);
    await api.database.trainingJobs.start(id, 1);
    const after = await startInstance();
    const second = await Listener.open(after, id, last);
    await second.until('job.running');
    await api.database.trainingJobs.setStatus(id, {
      from: 'running',
      to: 'failed',
      attempt: 1,
      error: { code: 'internal_error', message: 'x', retryable: true },
    });
    await second.ended();
    expect([...first.events, ...second.events]).toEqual([
      [1, 'job.queued'],
      [2, 'job.validating'],
      [3, 'job.running'],
      [4, 'job.failed'],
    ]);
  });
});

describe('an API key', () => {
  it('limits the number of open streams, allows new ones after some are closed, and counts each key separately', async () => {
    const instance = await startInstance(2);
    const id = await createJob(instance);
    const listeners = [await Listener.open(instance, id), await Listener.open(instance, id)];
    const third = () => send(instance, 'GET', `/v1/training-jobs/${id}/events`, { headers: { accept: 'text/event-stream' } });
    const refused = await third();
    expect([refused.status, Number(refused.headers.get('retry-after')), await refused.json()]).toMatchObject([
      429,
      expect.any(Number),
      { code: 'too_many_event_streams' },
    ]);
    // The log itself can still be read.
    expect((await send(instance, 'GET', `/v1/training-jobs/${id}/events`)).status).toBe(200);
    const other = await api.database.apiKeys.create(api.projectId, 'other');
    listeners.push(await Listener.open(instance, id, undefined, other.key));
    await listeners[0]?.leave();
    let status = 429;
    for (const end = Date.now() + PATIENCE_MS; status === 429 && Date.now() < end; await sleep(50)) {
      const answer = await third();
      status = answer.status;
      if (status === 200) listeners.push(new Listener(answer));
      else await answer.body?.cancel();
    }
    expect(status).toBe(200);
  });
});

it('a listener that has seen the end of a finished job gets 204 and does not reconnect', async () => {
  const instance = await startInstance();
  const id = await createJob(instance);
  await send(instance, 'POST', `/v1/training-jobs/${id}/cancel`);
  const first = await Listener.open(instance, id);
  await first.ended();
  const last = first.events.at(-1)?.[0] ?? 0;
  const headers = { accept: 'text/event-stream', 'last-event-id': String(last) };
  const again = await send(instance, 'GET', `/v1/training-jobs/${id}/events`, { headers });
  expect([last, again.status, await again.text()]).toEqual([2, 204, '']);
  const empty = await send(instance, 'GET', `/v1/training-jobs/${id}/events`, { headers: { ...headers, 'last-event-id': '' } });
  expect(empty.status).toBe(422);
});

/** Far less than the time after which a stream would look by itself. */
const NOTICE_MS = 5_000;

describe('a stream that its caller may no longer read', () => {
  const runningJob = async (instance: RunningApi): Promise<string> => {
    const id = await createJob(instance);
    await api.database.trainingJobs.claim(id);
    await api.database.trainingJobs.start(id, 1);
    return id;
  };

  it('ends when the key is revoked through another process, whatever it follows, and others continue', async () => {
    const instance = await startInstance();
    const id = await runningJob(instance);
    const { key, keyId } = await api.database.apiKeys.create(api.projectId, 'short-lived');
    const listeners = await Promise.all([
      Listener.open(instance, id, undefined, key),
      Listener.open(instance, id, undefined, key),
      Listener.openPath(instance, '/v1/events', { authorization: `Bearer ${key}` }),
    ]);
    const other = await Listener.open(instance, id);
    await listeners[0]!.until('job.running');
    await other.until('job.running');
    const start = performance.now();
    await api.database.apiKeys.revoke(keyId);
    await Promise.all(listeners.map((listener) => listener.ended()));
    expect(performance.now() - start).toBeLessThan(NOTICE_MS);
    await api.database.events.append(id, 'note');
    await other.until('note');
    await other.leave();
  });

  it('ends when the browser is signed out', async () => {
    const instance = await startInstance();
    const id = await runningJob(instance);
    const { keyId } = await api.database.apiKeys.create(api.projectId, 'browser');
    const session = await api.database.sessions.create(keyId, 1);
    const listener = await Listener.openPath(instance, `/v1/training-jobs/${id}/events`, { cookie: `${SESSION_COOKIE}=${session?.token}` });
    await listener.until('job.running');
    const start = performance.now();
    await api.database.sessions.end(session?.sessionId ?? '');
    await listener.ended();
    expect(performance.now() - start).toBeLessThan(NOTICE_MS);
  });

  it('ends when the key expires, without a notification', async () => {
    const instance = await startInstance();
    const id = await runningJob(instance);
    const { key } = await api.database.apiKeys.create(api.projectId, 'expiring', ['read'], { expiresAt: new Date(Date.now() + 4_000) });
    const listener = await Listener.open(instance, id, undefined, key);
    await listener.ended();
    expect(listener.events.some(([, type]) => type === 'job.running')).toBe(true);
  });
});
