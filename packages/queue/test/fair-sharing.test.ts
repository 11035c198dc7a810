// The order of hundreds of jobs of several projects through outbox, queue and a simple consumer, on both backends.
import { clientOf } from '@styleforge/database/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { catalog, type Consumer, createConsumer, type OutboxPublisher, startOutboxPublisher } from '@styleforge/queue';
import { backends, type QueueFixture, quiet, startQueueFixture, until } from './queue-fixture.ts';

const { window } = catalog.train;

describe.each(backends)('with the queue on %s', (backend) => {
  let fixture: QueueFixture;
  const consumers: Consumer[] = [];
  const publishers: OutboxPublisher[] = [];
  beforeAll(async () => {
    fixture = await startQueueFixture(backend);
  });
  afterEach(async () => {
    await Promise.all(publishers.splice(0).map((publisher) => publisher.stop()));
    await Promise.all(consumers.splice(0).map((consumer) => consumer.close(1_000)));
  });
  afterAll(() => fixture.close());

  const jobs = () => fixture.database.trainingJobs;

  async function publish(): Promise<void> {
    publishers.push(await startOutboxPublisher({ database: fixture.database, queues: fixture.queues, log: quiet, pollMs: 500 }));
  }

  /** Takes jobs like a worker, and ends each when `hold` resolves. */
  async function consume(concurrency: number, hold: (id: string) => Promise<void> | void = () => undefined): Promise<string[]> {
    const taken: string[] = [];
    consumers.push(
      await createConsumer(fixture.connection, {
        name: 'train',
        concurrency,
        log: quiet,
        handle: async ({ jobId }) => {
          const job = await jobs().claim(jobId);
          if (!job) return 'finished';
          taken.push(jobId);
          await jobs().start(jobId, job.attempt);
          await hold(jobId);
          await jobs().setStatus(jobId, { from: 'running', to: 'succeeded', attempt: job.attempt });
          return 'finished';
        },
      }),
    );
    return taken;
  }

  it('gives projects turns by their weights, and loses or doubles none of hundreds of jobs', async () => {
    const [many, few, heavy] = [
      await fixture.createProject(),
      await fixture.createProject(),
      await fixture.createProject({ shareWeight: 2 }),
    ];
    const created = {
      many: await fixture.createJobs(many, 150),
      few: await fixture.createJobs(few, 10),
      heavy: await fixture.createJobs(heavy, 40),
    };
    const owner = new Map(Object.entries(created).flatMap(([name, ids]) => ids.map((id) => [id, name])));
    const positions = await jobs().queuePositions([...owner.keys()]);
    const taken = await consume(1);
    await publish();
    await until(() => taken.length === 200);
    expect([...taken].sort()).toEqual([...owner.keys()].sort());
    const first = taken.slice(0, 40).map((id) => owner.get(id));
    const share = (name: string) => first.filter((other) => other === name).length;
    expect({ many: share('many'), few: share('few'), heavy: share('heavy') }).toEqual({ many: 10, few: 10, heavy: 20 });
    for (const ids of Object.values(created)) expect(taken.filter((id) => ids.includes(id))).toEqual(ids);
    expect(taken.map((id) => positions.get(id))).toEqual(taken.map((_id, index) => index));
  });

  it("does not let one project's 500 jobs starve another's first", async () => {
    const [crowd, newcomer] = [await fixture.createProject(), await fixture.createProject()];
    const crowded = await fixture.createJobs(crowd, 500);
    const release: (() => void)[] = [];
    const taken = await consume(1, () => new Promise((done) => release.push(done)));
    await publish();
    const next = async () => {
      const before = taken.length;
      await until(() => release.length > 0);
      release.shift()?.();
      await until(() => taken.length > before);
    };
    for (let turn = 0; turn < 5; turn++) await next();
    expect(taken.every((id) => crowded.includes(id))).toBe(true);
    const [mine = ''] = await fixture.createJobs(newcomer, 1);
    const position = (await jobs().queuePositions([mine])).get(mine);
    expect(position).toBeLessThanOrEqual(window);
    let waited = 0;
    while (!taken.includes(mine)) {
      await next();
      waited += 1;
      expect(waited).toBeLessThanOrEqual(window + 1);
    }
    for (const id of crowded) await jobs().requestCancel(crowd, id);
    for (const done of release) done();
    expect(await fixture.database.outbox.count()).toBe(0);
  });

  it('starts a job of high priority before earlier jobs of its project, except the one that is already next', async () => {
    const project = await fixture.createProject();
    const [first = '', next = '', later = ''] = await fixture.createJobs(project, 3);
    const release: (() => void)[] = [];
    const taken = await consume(1, () => new Promise((done) => release.push(done)));
    await publish();
    await until(() => release.length === 1);
    // `next` is in the queue, `later` waits for its turn
    await until(async () => (await fixture.database.outbox.count()) === 1);
    const [urgent = ''] = await fixture.createJobs(project, 1, 'high');
    for (let done = 1; done < 4; done++) {
      release.at(-1)?.();
      await until(() => release.length === done + 1);
    }
    release.at(-1)?.();
    expect(taken).toEqual([first, next, urgent, later]);
    await until(async () => (await jobs().get(later))?.status === 'succeeded');
  });

  it('starts jobs of higher priority first within a project, and never more than the project may run', async () => {
    const [limited, other] = [await fixture.createProject({ maxRunningJobs: 2 }), await fixture.createProject()];
    const low = await fixture.createJobs(limited, 3, 'low');
    const normal = await fixture.createJobs(limited, 3);
    const high = await fixture.createJobs(limited, 2, 'high');
    const others = await fixture.createJobs(other, 3);
    const release = new Map<string, () => void>();
    const taken = await consume(8, (id) => new Promise((done) => release.set(id, done)));
    await publish();
    await until(() => taken.length === 5);
    expect([...taken].sort()).toEqual([...high, ...others].sort());
    for (const id of others) release.get(id)?.();
    const mine = () => taken.filter((id) => !others.includes(id));
    for (const [index, id] of [...high, ...normal, ...low].entries()) {
      await until(() => release.has(id));
      expect(mine().length).toBeLessThanOrEqual(index + 2);
      release.get(id)?.();
    }
    await until(
      async () => (await clientOf(fixture.database).trainingJob.count({ where: { projectId: limited, status: 'succeeded' } })) === 8,
    );
    expect(mine()).toHaveLength(8);
    expect(mine().slice(0, 2).sort()).toEqual([...high].sort());
  });
});
