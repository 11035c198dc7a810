// The stream of a whole project: everything once and in order, by type, over reconnections, and until the caller may no longer read it.
import { setTimeout as sleep } from 'node:timers/promises';
import { startApi, type RunningApi } from '@styleforge/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { jobRequest, workerFacts } from '../seeded-project.ts';

const PATIENCE_MS = 30_000;

let api: ApiFixture;
let running: RunningApi;
let datasetId: string;
beforeAll(async () => {
  api = await startApiFixture();
  running = await startApi({ ...api.options, host: '127.0.0.1', port: 0 });
  datasetId = await createDataset(api, 'style_ref');
});
afterAll(async () => {
  await running.close();
  await api.close();
});

type Message = { id?: string; event?: string; data?: { subject_id: string; data: Record<string, unknown> }; at: number };

class Stream {
  readonly messages: Message[] = [];
  readonly #leaving = new AbortController();

  static async open(query = '', headers: Record<string, string> = {}): Promise<Stream> {
    const stream = new Stream();
    const answer = await fetch(`${running.url}/v1/events${query}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${api.key}`, ...headers },
      signal: stream.#leaving.signal,
    });
    expect(answer.status).toBe(200);
    void stream.#read(answer).catch(() => undefined);
    await stream.until(({ id }) => id !== undefined);
    return stream;
  }

  async #read({ body }: Response): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(part, { stream: true });
      const whole = text.split('\n\n');
      text = whole.pop() ?? '';
      this.messages.push(...whole.map(parse));
    }
  }

  get events(): [string, string][] {
    return this.messages.flatMap(({ event, id, data }) => (event && id ? [[event, data?.subject_id ?? ''] as [string, string]] : []));
  }

  async until(isIt: (message: Message) => boolean): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; !this.messages.some(isIt); await sleep(20))
      if (Date.now() > end) throw new Error(`it never came: ${JSON.stringify(this.messages)}`);
  }

  leave = () => this.#leaving.abort();
}

function parse(text: string): Message {
  const fields = Object.fromEntries(text.split('\n').map((line) => [line.split(': ', 1)[0], line.split(/: (.*)/s)[1]]));
  return { ...fields, ...(fields['data'] && { data: JSON.parse(fields['data']) as Message['data'] }), at: Date.now() } as Message;
}

const createJob = async () => (await api.call<{ id: string }>('POST', '/v1/training-jobs', { body: jobRequest(datasetId) })).body.id;
const progress = (step: number) => ({
  step,
  of: 9,
  loss: 0.5,
  style_ref_loss: 0.5,
  aux_loss: null,
  grad_norm: 1,
  learning_rate: 2e-5,
  samples_per_second: 3,
  eta_seconds: 7,
});

describe('the stream of a project', () => {
  it('reports every job and generation of the project, and none of other projects', async () => {
    const stream = await Stream.open();
    const other = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(other.projectId, 'other');
    const theirs = await api.call<{ id: string }>('POST', '/v1/images/generations', { body: { model: 'tiny', prompts: ['x'] }, key });
    const jobs = [await createJob(), await createJob()];
    const generation = (await api.call<{ id: string }>('POST', '/v1/images/generations', { body: { model: 'tiny', prompts: ['x'] } })).body
      .id;
    await api.call('POST', `/v1/training-jobs/${jobs[0]}/cancel`);
    await stream.until(({ event }) => event === 'training_job.cancelled');
    expect(stream.events).toEqual([
      ['training_job.queued', jobs[0]],
      ['training_job.queued', jobs[1]],
      ['generation.queued', generation],
      ['training_job.cancelled', jobs[0]],
    ]);
    expect(JSON.stringify(stream.messages)).not.toContain(theirs.body.id);
    stream.leave();
  });

  it('continues after Last-Event-ID with each event once, in the same order as the pages', async () => {
    const first = await Stream.open();
    const job = await createJob();
    await first.until(({ event }) => event === 'training_job.queued');
    first.leave();
    const last = first.messages.at(-1)?.id ?? '';
    await api.call('POST', `/v1/training-jobs/${job}/pause`);
    const second = await Stream.open('?types=training_job.*', { 'last-event-id': last });
    await api.call('POST', `/v1/training-jobs/${job}/cancel`);
    await second.until(({ event }) => event === 'training_job.cancelled');
    expect(second.events.map(([type]) => type)).toEqual(['training_job.paused', 'training_job.cancelled']);
    const page = await api.call<{ data: { type: string; subject_id: string }[] }>('GET', `/v1/events?after=${last}`);
    expect(page.body.data.map(({ type, subject_id }) => [type, subject_id])).toEqual(second.events);
    second.leave();
  });

  it('reports workers to every project: online, draining, drained, lost, back, stopped', async () => {
    const { workers } = api.database;
    const stream = await Stream.open('?types=worker.*');
    const endpoint = await api.call<{ id: string }>('POST', '/v1/webhooks', {
      body: { url: 'https://example.com/workers', events: ['worker.lost', 'worker.stopped'] },
    });
    const other = await api.database.apiKeys.createProject('others with workers');
    const { key } = await api.database.apiKeys.create(other.projectId, 'other');
    const facts = workerFacts();
    const id = await workers.register(facts);
    const running = [{ queue: 'train', id: 'job_of_somebody', since: new Date().toISOString() }];
    await workers.beat(id, facts, { running });
    await workers.setDrain(id, true);
    await workers.beat(id, facts, { running: [] });
    await workers.setDrain(id, false);
    const later = new Date(Date.now() + 1_000);
    expect(await workers.loseSilent(later)).toEqual([id]);
    expect(await workers.loseSilent(later)).toEqual([]);
    await workers.beat(id, facts, { running: [] });
    await workers.stopping(id);
    await workers.stopped(id);
    const told = ['online', 'draining', 'drained', 'online', 'lost', 'online', 'stopping', 'stopped'].map((state) => `worker.${state}`);
    await stream.until(({ event }) => event === 'worker.stopped');
    expect(stream.events).toEqual(told.map((type) => [type, id]));
    expect(stream.messages.find(({ event }) => event === 'worker.lost')?.data?.data).toEqual({
      status: 'lost',
      host: 'box',
      device: 'cpu',
    });
    const page = await api.call<{ data: { type: string; id: string }[] }>('GET', '/v1/events?types=worker.*', { key });
    expect(page.body.data.map(({ type }) => type)).toEqual(told);
    // One row for all projects, and one number that goes up in each.
    expect(page.body.data.map(({ id: number }) => number)).toEqual(
      stream.messages.filter(({ event }) => event).map((message) => message.id),
    );
    const again = await Stream.open('?types=worker.*', { 'last-event-id': page.body.data[5]?.id ?? '' });
    await again.until(({ event }) => event === 'worker.stopped');
    expect(again.events.map(([type]) => type)).toEqual(told.slice(6));
    again.leave();
    const newcomer = await api.database.apiKeys.createProject('came later');
    const { key: newKey } = await api.database.apiKeys.create(newcomer.projectId, 'new');
    expect((await api.call<{ data: object[] }>('GET', '/v1/events', { key: newKey })).body.data).toEqual([]);
    const { body } = await api.call<{ data: { payload: { data: object } }[] }>('GET', `/v1/webhooks/${endpoint.body.id}/deliveries`);
    expect(body.data.map(({ payload }) => payload.data)).toMatchObject([
      { id, object: 'worker', status: 'stopped' },
      { id, status: 'lost', links: { self: `/v1/workers/${id}` } },
    ]);
    stream.leave();
  });

  it('reports the end of a study', async () => {
    const stream = await Stream.open('?types=study.*');
    const grid = [{ pointer: '/hyperparameters/seed', values: [1, 2] }];
    const study = await api.call<{ id: string }>('POST', '/v1/studies', { body: { name: 'seeds', job: jobRequest(datasetId), grid } });
    await api.call('POST', `/v1/studies/${study.body.id}/cancel`);
    await stream.until(({ event }) => event === 'study.finished');
    expect(stream.events).toEqual([['study.finished', study.body.id]]);
    stream.leave();
  });

  it('contains only the requested types', async () => {
    const stream = await Stream.open('?types=generation.*,training_job.cancelled');
    const job = await createJob();
    await api.call('POST', '/v1/images/generations', { body: { model: 'tiny', prompts: ['x'] } });
    await api.call('POST', `/v1/training-jobs/${job}/cancel`);
    await stream.until(({ event }) => event === 'training_job.cancelled');
    expect(stream.events.map(([type]) => type)).toEqual(['generation.queued', 'training_job.cancelled']);
    stream.leave();
    expect((await api.call('GET', '/v1/events?types=nonsense')).body).toMatchObject({ status: 422, errors: [{ pointer: '/types' }] });
  });

  it("reports a job's progress at most once a second, and the newest at the end", async () => {
    const job = await createJob();
    await api.database.trainingJobs.claim(job);
    await api.database.trainingJobs.start(job, 1);
    const stream = await Stream.open();
    const begin = Date.now();
    for (let step = 1; step <= 9; step++) {
      await api.database.trainingJobs.updateProgress(job, 1, progress(step));
      await sleep(100);
    }
    await stream.until(({ event, data }) => event === 'training_job.progress' && data?.data['step'] === 9);
    const told = stream.messages.filter(({ event }) => event === 'training_job.progress');
    expect(told.length).toBeLessThanOrEqual(Math.ceil((Date.now() - begin) / 1000) + 1);
    expect(told.length).toBeLessThan(9);
    expect(told.every(({ id, data }) => id === undefined && data?.subject_id === job)).toBe(true);
    stream.leave();
  });

  it('numbers events in the order in which they are committed, however many are written at the same time', async () => {
    const seen = await Stream.open();
    const jobs = await Promise.all(Array.from({ length: 12 }, createJob));
    await Promise.all(jobs.map((id) => api.call('POST', `/v1/training-jobs/${id}/cancel`)));
    for (const id of jobs) await seen.until(({ event, data }) => event === 'training_job.cancelled' && data?.subject_id === id);
    const ids = seen.messages.flatMap(({ id, event }) => (id && event ? [Number(id)] : []));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(seen.events.filter(([, id]) => jobs.includes(id))).toHaveLength(24);
    seen.leave();
  });
});
