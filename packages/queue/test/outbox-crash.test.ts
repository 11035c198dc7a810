// A publisher killed with -9 between database and queue: nothing is lost or done twice, on both backends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { typeScript } from '@styleforge/launch';
import { createConsumer, startOutboxPublisher } from '@styleforge/queue';
import { backends, type QueueFixture, quiet, startQueueFixture, until } from './queue-fixture.ts';

describe.each(backends)('with the queue on %s', (backend) => {
  let fixture: QueueFixture;
  beforeAll(async () => {
    fixture = await startQueueFixture(backend);
  });
  afterAll(() => fixture.close());

  /** Resolves with the id of the message at which it was killed. */
  async function publishAndDie(point: 'before' | 'after'): Promise<string> {
    const script = new URL('crashing-publisher.ts', import.meta.url);
    const child = spawn(process.execPath, [...typeScript(script), fixture.databaseUrl, JSON.stringify(fixture.connection), point], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { value } = (await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()) as { value: string };
    child.kill('SIGKILL');
    await once(child, 'exit');
    return value.slice(point.length + 1);
  }

  /** A worker that ends each job at once. */
  async function work(taken: string[]) {
    const { trainingJobs } = fixture.database;
    return createConsumer(fixture.connection, {
      name: 'train',
      concurrency: 2,
      log: quiet,
      handle: async ({ jobId }) => {
        const job = await trainingJobs.claim(jobId);
        if (!job) return 'finished';
        taken.push(jobId);
        await trainingJobs.start(jobId, job.attempt);
        await trainingJobs.setStatus(jobId, { from: 'running', to: 'succeeded', attempt: job.attempt });
        return 'finished';
      },
    });
  }

  it.each(['before', 'after'] as const)('survives a kill %s the queue has the message', async (point) => {
    const ids = await fixture.createJobs(await fixture.createProject(), 6);
    expect(ids).toContain(await publishAndDie(point));
    expect(await fixture.database.outbox.count()).toBe(6);
    const taken: string[] = [];
    const worker = await work(taken);
    const publisher = await startOutboxPublisher({ database: fixture.database, queues: fixture.queues, log: quiet, pollMs: 200 });
    await until(async () => taken.length >= 6 && (await fixture.database.outbox.count()) === 0);
    await publisher.stop();
    await worker.close(1_000);
    expect([...taken].sort()).toEqual(ids);
    expect(await fixture.queues.room('train')).toBeGreaterThan(0);
    for (const id of ids) expect(await fixture.database.trainingJobs.get(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('does not repeat a job that ended before its message is sent again', async () => {
    const [id = ''] = await fixture.createJobs(await fixture.createProject(), 1);
    expect(await publishAndDie('after')).toBe(id);
    const taken: string[] = [];
    const worker = await work(taken);
    await until(() => taken.length === 1);
    const publisher = await startOutboxPublisher({ database: fixture.database, queues: fixture.queues, log: quiet, pollMs: 200 });
    const [later = ''] = await fixture.createJobs(await fixture.createProject(), 1);
    await until(() => taken.includes(later));
    await publisher.stop();
    await worker.close(1_000);
    expect(taken).toEqual([id, later]);
    expect(await fixture.database.outbox.count()).toBe(0);
  });
});
