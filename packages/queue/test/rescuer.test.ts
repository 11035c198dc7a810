// Stranded work is found on a real database, with the queue in Postgres and in Redis, and put back once.
import { clientOf } from '@styleforge/database/testing';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { rescue, startOutboxPublisher } from '@styleforge/queue';
import { createMetrics } from '@styleforge/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backends, quiet, type QueueFixture, startQueueFixture, until } from './queue-fixture.ts';

describe.each(backends)('with the queue on %s', (backend) => {
  let fixture: QueueFixture;
  let projectId: string;
  beforeEach(async () => {
    fixture = await startQueueFixture(backend);
    projectId = await fixture.createProject();
  });
  afterEach(() => fixture.close());

  const outbox = async () =>
    (await clientOf(fixture.database).outboxMessage.findMany({ orderBy: { id: 'asc' } })).map(({ topic, key }) => `${topic} ${key}`);
  const round = (olderThanMs = 0) => rescue({ ...fixture, log: quiet, metrics, olderThanMs });
  const metrics = createMetrics();
  const emptyOutbox = () => clientOf(fixture.database).outboxMessage.deleteMany();
  const enqueue = (id: string) => fixture.queues.enqueue('train', [{ id, payload: { jobId: id } }]);

  it('puts back work that has no message, no queue entry and no live worker, and nothing else', async () => {
    const { database } = fixture;
    const [waiting = '', queued = '', lost = '', died = '', held = '', released = '', finished = ''] = await fixture.createJobs(
      projectId,
      7,
    );
    const generation = await database.generations.create({ projectId, model: { baseModel: 'tiny' }, config: {} as never });
    const webhook = await database.webhooks.create({ projectId, url: 'https://example.com/', events: ['training_job.failed'] });
    const delivery = await database.webhooks.test(projectId, webhook?.id ?? '');
    await clientOf(database).outboxMessage.deleteMany({ where: { key: { not: waiting } } });
    await enqueue(queued);
    for (const id of [died, held, released]) await database.trainingJobs.claim(id);
    await clientOf(database).trainingJob.update({ where: { id: died }, data: { leaseUntil: new Date(Date.now() - 1_000) } });
    await database.leases.release({ table: 'training_jobs', id: released, attempt: 1 });
    await database.trainingJobs.requestCancel(projectId, finished);
    expect(await round(60_000)).toBe(0);
    expect(await round()).toBe(5);
    const expected = [`train ${lost}`, `train ${died}`, `train ${released}`, `generate ${generation.id}`, `webhook ${delivery?.id}`];
    expect((await outbox()).toSorted()).toEqual([`train ${waiting}`, ...expected].toSorted());
    expect((await metrics.scrape()).body).toContain('styleforge_stranded{queue="train"} 3');
    expect(await round()).toBe(0);
    expect((await metrics.scrape()).body).toContain('styleforge_stranded{queue="train"} 0');
  });

  it('runs in one process at a time', async () => {
    await fixture.createJobs(projectId, 20);
    await emptyOutbox();
    const rounds = await Promise.all(Array.from({ length: 4 }, () => round()));
    expect(rounds.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(20);
    expect(await outbox()).toHaveLength(20);
  });

  const itOnRedis = backend === 'redis' ? it : undefined;
  itOnRedis?.('loses nothing to a Redis that comes back empty: work, and the schedule of the sweep', async () => {
    const { database, queues, connection } = fixture;
    const jobs = await fixture.createJobs(projectId, 3);
    await emptyOutbox();
    for (const id of jobs) await enqueue(id);
    await queues.repeat('sweep', 3_600_000, {});
    if (connection.kind !== 'redis') throw new Error('the test needs Redis');
    await promisify(execFile)('redis-cli', ['-u', connection.redisUrl, 'flushall']);
    expect(await Promise.all(jobs.map((id) => queues.has('train', id)))).toEqual([false, false, false]);
    await rescue({ ...fixture, log: quiet, olderThanMs: 0, alsoEachRound: () => queues.repeat('sweep', 3_600_000, {}) });
    const publisher = await startOutboxPublisher({ database, queues, log: quiet });
    // The window of the queue is one job.
    await until(() => queues.has('train', jobs[0] ?? ''));
    expect(await outbox()).toEqual([`train ${jobs[1]}`, `train ${jobs[2]}`]);
    const sweeps = (await queues.counts()).filter(({ queue }) => queue === 'sweep');
    expect(sweeps.reduce((sum, { count }) => sum + count, 0)).toBe(1);
    await publisher.stop();
  });
});
