// One suite for both backends: the queue in Postgres and the queue in Redis.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { typeScript } from '@styleforge/launch';
import {
  catalog,
  type Consumer,
  createConsumer,
  createQueues,
  type JobContext,
  type JobOutcome,
  type JobQueues,
  PermanentJobError,
  type QueueConnection,
} from '@styleforge/queue';
import { hasRedis, startRedis, startTestDatabase, type TestDatabase } from '@styleforge/testing';
import { backends, until } from './queue-fixture.ts';

const errors: unknown[] = [];
const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => errors.push(fields) };

let postgres: TestDatabase;
let redis: Awaited<ReturnType<typeof startRedis>> | undefined;
const connections: Record<string, QueueConnection> = {};

beforeAll(async () => {
  postgres = await startTestDatabase();
  connections['postgres'] = { kind: 'postgres', databaseUrl: postgres.databaseUrl };
  if (hasRedis) {
    redis = await startRedis();
    connections['redis'] = { kind: 'redis', redisUrl: redis.redisUrl };
  }
});

afterAll(async () => {
  await redis?.stop();
  await postgres.close();
});

it('a webhook is tried for about a day', () => {
  const { attempts, backoffMs } = catalog.webhook;
  const hours = (backoffMs * (2 ** (attempts - 1) - 1)) / 3_600_000;
  expect(hours).toBeGreaterThan(20);
  expect(hours).toBeLessThan(30);
});

// Most of the time is waiting for locks to expire, so the backends run at the same time, each with its tests in order.
describe.concurrent.each(backends)(
  'the queue on %s',
  (backend) =>
    void describe.sequential('in order', () => {
      let connection: QueueConnection;
      let queues: JobQueues;
      const consumers: Consumer[] = [];
      let lastId = 0;
      const newId = () => `gen_${backend}_${++lastId}`;

      beforeAll(async () => {
        connection = connections[backend] as QueueConnection;
        queues = await createQueues(connection, log);
      });
      afterAll(() => queues.close());
      afterEach(async () => {
        await Promise.all(consumers.splice(0).map((consumer) => consumer.close(1_000)));
      });

      type Handle = (payload: { generationId: string }, context: JobContext) => Promise<JobOutcome>;
      async function consume(handle: Handle) {
        const consumer = await createConsumer(connection, { name: 'generate', concurrency: 4, log, handle });
        consumers.push(consumer);
        return consumer;
      }
      const enqueue = (id: string) => queues.enqueue('generate', [{ id, payload: { generationId: id } }]);

      it('delivers a job once, even if it was sent several times', async () => {
        const id = newId();
        await enqueue(id);
        await enqueue(id);
        const seen: string[] = [];
        await consume(async ({ generationId }, context) => {
          expect(context).toMatchObject({ id, attempt: 1, isLastAttempt: false });
          seen.push(generationId);
          return 'finished';
        });
        await until(() => seen.length > 0);
        await sleep(300);
        expect(seen).toEqual([id]);
      });

      it('accepts the same id again after the first run', async () => {
        const id = newId();
        let runs = 0;
        await consume(async () => {
          runs++;
          await sleep(200);
          return 'finished';
        });
        await enqueue(id);
        await until(() => runs === 1);
        await enqueue(id);
        await until(() => runs === 2);
      });

      it('takes no further jobs while it drains, lets the running one finish, and continues afterwards', async () => {
        const [first, second] = [newId(), newId()];
        const seen: string[] = [];
        let finish: () => void = () => undefined;
        const consumer = await consume(async ({ generationId }) => {
          seen.push(generationId);
          if (generationId === first) await new Promise<void>((done) => (finish = done));
          return 'finished';
        });
        await enqueue(first);
        await until(() => seen.length === 1);
        await consumer.drain(true);
        expect(consumer.running()).toEqual([{ id: first, since: expect.any(Date) as Date }]);
        await enqueue(second);
        finish();
        await until(() => consumer.running().length === 0);
        await sleep(1_500);
        expect(seen).toEqual([first]);
        await consumer.drain(false);
        await until(() => seen.length === 2);
        expect(seen).toEqual([first, second]);
      });

      it('refuses a payload that the catalog does not describe', async () => {
        await expect(queues.enqueue('generate', [{ id: newId(), payload: { jobId: 'x' } as never }])).rejects.toThrow(/generationId/);
      });

      it('retries a failure until the last attempt, after longer and longer pauses', async () => {
        const attempts: [number, boolean][] = [];
        const times: number[] = [];
        await consume(async (_payload, { attempt, isLastAttempt }) => {
          attempts.push([attempt, isLastAttempt]);
          times.push(Date.now());
          throw new Error('the disk was full');
        });
        await enqueue(newId());
        await until(() => attempts.length === 3);
        await sleep(300);
        expect(attempts).toEqual([
          [1, false],
          [2, false],
          [3, true],
        ]);
        const [first = 0, second = 0, third = 0] = times;
        const { backoffMs } = catalog.generate;
        expect(second - first).toBeGreaterThan(0.9 * backoffMs);
        expect(third - second).toBeGreaterThan(0.9 * 2 * backoffMs);
        expect(errors).toContainEqual(
          expect.objectContaining({ attempt: 2, err: expect.objectContaining({ message: 'the disk was full' }) as Error }),
        );
      });

      it('hands a job back while a dependency is unavailable, takes no other until it is back, and counts no attempt', async () => {
        const ids = Array.from({ length: 6 }, newId);
        let isBack = false;
        const seen: { id: string; attempt: number; isBack: boolean }[] = [];
        const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        const consumer = await createConsumer(connection, {
          name: 'generate',
          concurrency: 1,
          log,
          dependencies: {
            isAway: (error) => error === away,
            check: () => (isBack ? Promise.resolve() : Promise.reject(away)),
          },
          handle: async (_payload, { id, attempt }) => {
            seen.push({ id, attempt, isBack });
            if (!isBack) throw away;
            return 'finished';
          },
        });
        consumers.push(consumer);
        for (const id of ids) await enqueue(id);
        await until(() => seen.length > 0);
        // Longer than all attempts take.
        await sleep(8_000);
        expect(seen.filter((one) => !one.isBack).length).toBeLessThanOrEqual(2);
        isBack = true;
        await until(() => seen.filter((one) => one.isBack).length === ids.length, 40_000);
        expect(new Set(seen.map(({ attempt }) => attempt))).toEqual(new Set([1]));
      }, 90_000);

      it('repeats an attempt after a pause whenever the handler requests it', async () => {
        let runs = 0;
        await consume(async () => ((runs += 1) < 5 ? 'again' : 'finished'));
        await enqueue(newId());
        await until(() => runs === 5, 60_000);
      }, 90_000);

      it('does not retry what cannot succeed, but accepts it when it is sent again', async () => {
        const id = newId();
        let runs = 0;
        await consume(async () => {
          runs++;
          throw new PermanentJobError('an image is broken');
        });
        await enqueue(id);
        await until(() => runs === 1);
        await sleep(2_000);
        expect(runs).toBe(1);
        await enqueue(id);
        await until(() => runs === 2);
      });

      it('hands a job back at shutdown, and the next worker continues with the same attempt', async () => {
        const id = newId();
        let reason: unknown;
        const first = await consume(
          (_payload, { signal }) =>
            new Promise((done) => {
              signal.addEventListener('abort', () => {
                reason = signal.reason;
                done('handed-back');
              });
            }),
        );
        await enqueue(id);
        await sleep(500);
        await first.close(5_000);
        expect(reason).toBe('shutdown');
        const attempts: number[] = [];
        await consume(async (_payload, { attempt }) => {
          attempts.push(attempt);
          return 'finished';
        });
        await until(() => attempts.length > 0);
        expect(attempts).toEqual([1]);
      });

      it('does not wait forever for a handler that does not stop', async () => {
        let release: (outcome: JobOutcome) => void = () => undefined;
        const stuck = await consume(() => new Promise((done) => (release = done)));
        await enqueue(newId());
        await sleep(500);
        const start = Date.now();
        await stuck.close(500);
        expect(Date.now() - start).toBeLessThan(3_000);
        release('finished');
        let takenOver = false;
        await consume(async () => {
          takenOver = true;
          return 'finished';
        });
        await until(() => takenOver, 25_000);
      }, 40_000);

      it('gives a job of a worker killed with -9 to another one within twenty seconds', async () => {
        const [id, deadly] = [newId(), newId()];
        const child = spawn(
          process.execPath,
          [...typeScript(new URL('hanging-consumer.ts', import.meta.url)), JSON.stringify(connection)],
          {
            stdio: ['ignore', 'pipe', 'inherit'],
          },
        );
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        expect((await lines.next()).value).toBe('ready');
        await enqueue(id);
        expect((await lines.next()).value).toBe(`took ${id}`);
        await queues.enqueue('evaluate', [{ id: deadly, payload: { evaluationId: deadly } }]);
        expect((await lines.next()).value).toBe(`took ${deadly}`);
        child.kill('SIGKILL');
        await once(child, 'exit');
        const taken: string[] = [];
        await consume(async ({ generationId }) => {
          taken.push(generationId);
          return 'finished';
        });
        consumers.push(
          await createConsumer(connection, {
            name: 'evaluate',
            concurrency: 1,
            log,
            handle: async ({ evaluationId }) => {
              taken.push(evaluationId);
              return 'finished';
            },
          }),
        );
        await until(() => taken.length > 1, 20_000);
        expect(taken.toSorted()).toEqual([id, deadly].toSorted());
      }, 120_000);

      it('responds to a ping', async () => {
        await queues.ping();
      });
    }),
);
