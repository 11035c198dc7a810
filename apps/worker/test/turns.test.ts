// Two projects and one worker of two slots, through outbox and queue: the one with much long work does not keep the other's single job
// waiting.
import { clientOf } from '@styleforge/database/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConsumer, createQueues, type JobQueues, type QueueConnection, startOutboxPublisher } from '@styleforge/queue';
import { hasRedis, startRedis, startTestDatabase, type TestDatabase } from '@styleforge/testing';
import { createLogger, Turns } from '@styleforge/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const log = createLogger('silent');
const config = {
  model: 'tiny',
  prompts: ['a cat'],
  negative_prompt: '',
  width: 64,
  height: 64,
  steps: 1,
  guidance_scale: 1,
  sampler: 'ddim' as const,
  seed: 1,
  num_images: 1,
  adapters: [],
  style_guidance: null,
  text_guidance: null,
  image: null,
  strength: null,
  format: 'png' as const,
  quality: null,
  grid: null,
  scoring: null,
};

describe.each(hasRedis ? ['postgres', 'redis'] : ['postgres'])('with the queue on %s', (backend) => {
  let fixture: TestDatabase;
  let connection: QueueConnection;
  let queues: JobQueues;
  let stopRedis = async () => {};
  beforeAll(async () => {
    fixture = await startTestDatabase();
    connection = { kind: 'postgres', databaseUrl: fixture.databaseUrl };
    if (backend === 'redis') {
      const redis = await startRedis();
      connection = { kind: 'redis', redisUrl: redis.redisUrl };
      stopRedis = () => redis.stop();
    }
    queues = await createQueues(connection, log);
  });
  afterAll(async () => {
    await queues.close();
    await stopRedis();
    await fixture.close();
  });

  /** Work that saves something every `saveMs` until `saves` are there; what was saved stays when it moves over. */
  async function startWorker(slots: number, sliceMs: number, { saveMs, saves }: { saveMs: number; saves: number }) {
    const { database } = fixture;
    const turns = new Turns({ topic: 'generate', slots, sliceMs, waiting: database.stranded });
    const saved = new Map<string, number>();
    let isOver = false;
    const work = async (id: string, signal: AbortSignal) => {
      const outcome = await turns.run(id, async (take) => {
        const generation = await database.generations.claim(id);
        if (generation === null) return 'finished' as const;
        const { attempt, projectId } = generation;
        const turn = take(projectId);
        for (let count = saved.get(id) ?? 0; count < saves && !turn.hasMovedOver && !signal.aborted && !isOver; ) {
          await sleep(saveMs);
          saved.set(id, ++count);
          turn.hasProgressed = true;
          turn.hasMovedOver = count < saves && (await turn.shouldMoveOver());
        }
        if (saved.get(id) === saves) await database.generations.setStatus(id, { from: 'running', to: 'succeeded', attempt });
        await database.leases.release({ table: 'generations', id, attempt });
        return 'finished' as const;
      });
      return outcome === 'passed over' ? 'finished' : outcome;
    };
    const publisher = await startOutboxPublisher({ database, queues, log, pollMs: 500 });
    const handle = ({ generationId }: { generationId: string }, context: { signal: AbortSignal }) => work(generationId, context.signal);
    const consumer = await createConsumer(connection, { name: 'generate', concurrency: slots, log, handle });
    return {
      saved,
      async stop() {
        isOver = true;
        await publisher.stop();
        await consumer.close(5_000);
      },
    };
  }

  async function create(count: number): Promise<string[]> {
    const { projectId } = await fixture.database.apiKeys.createProject('test');
    const ids: string[] = [];
    for (let made = 0; made < count; made += 1)
      ids.push((await fixture.database.generations.create({ projectId, model: { baseModel: 'tiny' }, config })).id);
    return ids;
  }
  const statusOf = async (id: string) => (await fixture.database.generations.get(id))?.status;
  const until = async (condition: () => Promise<boolean> | boolean, ms: number) => {
    for (const end = Date.now() + ms; !(await condition()); await sleep(50))
      if (Date.now() > end) throw new Error('it did not happen in time');
  };

  it(
    'gives the single job of one project a slot while a hundred jobs of another wait, long before the first of ' + 'these has ended',
    async () => {
      const many = await create(100);
      const worker = await startWorker(2, 3_600_000, { saveMs: 100, saves: 600 });
      await until(() => worker.saved.size === 2, 20_000);
      const before = Date.now();
      const [single = ''] = await create(1);
      await until(() => (worker.saved.get(single) ?? 0) > 0, 30_000);
      expect(Date.now() - before).toBeLessThan(20_000);
      // One slot stays with the first project, which moved over with what it had.
      const first = many.filter((id) => worker.saved.has(id));
      expect(first.length).toBeLessThanOrEqual(3);
      const counts = first.map((id) => worker.saved.get(id) ?? 0);
      await sleep(1_000);
      expect(first.some((id, index) => (worker.saved.get(id) ?? 0) > (counts[index] ?? 0))).toBe(true);
      await worker.stop();
      for (const id of [...many, single]) {
        const { projectId = '' } = (await fixture.database.generations.get(id)) ?? {};
        await fixture.database.generations.cancel(projectId, id);
      }
      await clientOf(fixture.database).outboxMessage.deleteMany();
    },
  );

  it('gives up a single slot after its time, continues where it stopped, and ends', async () => {
    const [long = ''] = await create(1);
    const worker = await startWorker(1, 1_000, { saveMs: 200, saves: 60 });
    await until(() => (worker.saved.get(long) ?? 0) > 2, 20_000);
    const [other = ''] = await create(1);
    await until(() => (worker.saved.get(other) ?? 0) > 0, 20_000);
    expect(worker.saved.get(long)).toBeLessThan(60);
    await until(async () => (await statusOf(other)) === 'succeeded' && (await statusOf(long)) === 'succeeded', 60_000);
    expect([...worker.saved.values()]).toEqual([60, 60]);
    expect((await fixture.database.generations.get(long))?.setbacks).toBe(0);
    await worker.stop();
  });
});
