// Training jobs in a real Postgres: one transaction with the outbox, claims, status changes, cancellation.
import { setTimeout as sleep } from 'node:timers/promises';
import { newId, StaleAttemptError, StatusConflictError } from '@styleforge/database';
import type { OutboxMessage, TrainingJobRow } from '@styleforge/database';
import type { TestDatabase } from '@styleforge/testing';
import { trainingConfig } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProjectFixture } from './project-fixture.ts';

let fixture: TestDatabase;
let projectId: string;
let datasetId: string;

beforeAll(async () => {
  ({ fixture, projectId, datasetId } = await startProjectFixture());
});
afterAll(() => fixture.close());

const jobs = () => fixture.database.trainingJobs;
const progress = {
  step: 3,
  of: 10,
  loss: 0.5,
  style_ref_loss: 0.3,
  aux_loss: 0.2,
  grad_norm: 1,
  learning_rate: 1e-6,
  samples_per_second: 2,
  eta_seconds: 7,
};

async function createJob(id?: string): Promise<TrainingJobRow> {
  const job = await jobs().create({ id, projectId, config: trainingConfig(datasetId) });
  if (job === null) throw new Error('the dataset should be there');
  return job;
}

const release = (limit: number, publish: (messages: OutboxMessage[]) => Promise<void>) =>
  fixture.database.outbox.release({ topic: 'train', room: async () => limit, publish });

async function drainOutbox(): Promise<OutboxMessage[]> {
  const taken: OutboxMessage[] = [];
  await release(1000, async (messages) => void taken.push(...messages));
  return taken;
}

describe('creating a job', () => {
  it('writes the job, its first event and one outbox message', async () => {
    await drainOutbox();
    const job = await createJob();
    expect(job).toMatchObject({ status: 'queued', attempt: 0, method: 'single-styleforge', progress: null });
    expect(await fixture.database.events.list(job.id, 0, 10)).toMatchObject([{ sequence: 1, type: 'job.queued' }]);
    expect(await drainOutbox()).toMatchObject([{ topic: 'train', key: job.id, payload: { jobId: job.id } }]);
  });

  it('creates one job and one message, however often an id is used at the same time', async () => {
    await drainOutbox();
    const id = newId('trainingJob');
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => createJob(id)));
    expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await drainOutbox()).toHaveLength(1);
    expect((await createJob(id)).id).toBe(id);
    expect(await drainOutbox()).toHaveLength(0);
  });

  it('refuses a dataset of another project, and stores nothing', async () => {
    await drainOutbox();
    const other = await fixture.database.apiKeys.createProject('other');
    const job = await jobs().create({ projectId: other.projectId, config: trainingConfig(datasetId) });
    expect(job).toBeNull();
    expect(await drainOutbox()).toHaveLength(0);
  });
});

describe('the outbox', () => {
  it('keeps messages that could not be published', async () => {
    await drainOutbox();
    const job = await createJob();
    await expect(release(10, async () => Promise.reject(new Error('queue down')))).rejects.toThrow('queue down');
    expect((await drainOutbox()).map(({ key }) => key)).toEqual([job.id]);
  });

  it('gives each message to only one of many publishers', async () => {
    await drainOutbox();
    const created = await Promise.all(Array.from({ length: 12 }, () => createJob()));
    const seen: string[] = [];
    const publish = async (messages: OutboxMessage[]) => {
      await sleep(20);
      seen.push(...messages.map(({ key }) => key));
    };
    await Promise.all(Array.from({ length: 4 }, () => release(5, publish)));
    await release(100, publish);
    expect(seen.sort()).toEqual(created.map(({ id }) => id).sort());
  });
});

describe('claiming a job', () => {
  it('starts a queued job once, and lets a later worker take over from a dead one', async () => {
    const { id } = await createJob();
    const first = await jobs().claim(id);
    expect(first).toMatchObject({ status: 'validating', attempt: 1 });
    await jobs().start(id, 1);
    await jobs().updateProgress(id, 1, progress);
    const second = await jobs().claim(id);
    expect(second).toMatchObject({ status: 'running', attempt: 2, startedAt: first?.startedAt, progress });
    await expect(jobs().start(id, 1)).rejects.toThrow(StaleAttemptError);
    await expect(jobs().updateProgress(id, 1, progress)).rejects.toThrow(StaleAttemptError);
    const beat = (durable_step: number) => ({ host: 'host', pid: 1, device: 'cpu', at: '2026-01-01T00:00:00.000Z', durable_step });
    await jobs().heartbeat(id, 2, beat(8));
    await jobs().heartbeat(id, 1, beat(4));
    expect((await jobs().get(id))?.heartbeat).toEqual(beat(8));
    await expect(jobs().setStatus(id, { from: 'running', to: 'failed', attempt: 1 })).rejects.toThrow(StaleAttemptError);
    await jobs().setStatus(id, { from: 'running', to: 'succeeded', attempt: 2 });
    expect(await jobs().claim(id)).toBeNull();
    const events = await fixture.database.events.list(id, 0, 10);
    expect(events.map(({ sequence, type }) => [sequence, type])).toEqual([
      [1, 'job.queued'],
      [2, 'job.validating'],
      [3, 'job.running'],
      [4, 'job.taken_over'],
      [5, 'job.succeeded'],
    ]);
  });
});

describe('changing the status', () => {
  it('accepts only one of many concurrent changes', async () => {
    const { id } = await createJob();
    await jobs().claim(id);
    await jobs().start(id, 1);
    const ends = ['succeeded', 'failed', 'cancelled'] as const;
    const results = await Promise.allSettled(ends.map((to) => jobs().setStatus(id, { from: 'running', to })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await fixture.database.events.list(id, 0, 10)).toHaveLength(4);
  });

  it('refuses changes that the table does not allow', async () => {
    const { id } = await createJob();
    await expect(jobs().setStatus(id, { from: 'queued', to: 'succeeded' })).rejects.toThrow(StatusConflictError);
    await expect(jobs().setStatus(id, { from: 'running', to: 'succeeded' })).rejects.toThrow(`${id} is queued`);
    await expect(jobs().updateProgress(id, 0, progress)).rejects.toThrow(StatusConflictError);
  });

  it('stores the result or the error with the status', async () => {
    const { id } = await createJob();
    await jobs().claim(id);
    const error = { code: 'invalid_input' as const, message: 'image 3 cannot be read', retryable: false };
    const row = await jobs().setStatus(id, { from: ['running', 'validating'], to: 'failed', error });
    expect(row).toMatchObject({ status: 'failed', error });
    expect(row.finishedAt).toBeInstanceOf(Date);
  });
});

describe('cancelling a job', () => {
  it('ends a queued job immediately, so that no worker can claim it', async () => {
    const { id } = await createJob();
    expect(await jobs().requestCancel(projectId, id)).toMatchObject({ status: 'cancelled' });
    expect(await jobs().requestCancel(projectId, id)).toMatchObject({ status: 'cancelled' });
    expect(await jobs().claim(id)).toBeNull();
    expect((await fixture.database.events.list(id, 0, 10)).map(({ type }) => type)).toEqual(['job.queued', 'job.cancelled']);
  });

  it('is reported to the worker of a running job', async () => {
    const { id } = await createJob();
    await jobs().claim(id);
    expect(await jobs().updateProgress(id, 1, progress)).toEqual({ cancelRequested: false, pauseRequested: false, requests: [] });
    expect(await jobs().requestCancel(projectId, id)).toMatchObject({ status: 'validating' });
    expect(await jobs().updateProgress(id, 1, progress)).toEqual({ cancelRequested: true, pauseRequested: false, requests: [] });
    expect(await jobs().requestCancel('proj_other', id)).toBeNull();
  });
});

describe('listing jobs', () => {
  it('returns pages of filtered jobs, newest first', async () => {
    const { projectId: own } = await fixture.database.apiKeys.createProject('paging');
    const dataset = await fixture.database.datasets.create(own, { name: 'paging', kind: 'style_ref' });
    const created: string[] = [];
    for (let index = 0; index < 5; index++) {
      const job = await jobs().create({ projectId: own, config: trainingConfig(dataset.id) });
      created.unshift(job?.id ?? '');
    }
    const first = await jobs().list(own, { status: 'queued' }, { limit: 3 });
    const second = await jobs().list(own, { status: 'queued' }, { limit: 3, after: first.rows.at(-1)?.id });
    expect([...first.rows, ...second.rows].map(({ id }) => id)).toEqual(created);
    expect([first.hasMore, second.hasMore]).toEqual([true, false]);
    expect((await jobs().list(own, { status: 'running' }, { limit: 3 })).rows).toEqual([]);
  });
});
