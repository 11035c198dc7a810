// The path from a committed row to the queue, with a real database.
import { clientOf } from '@styleforge/database/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GenerationConfig } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
import { createConsumer, createQueues, type JobQueues, type QueueConnection, startOutboxPublisher } from '@styleforge/queue';
import { startTestDatabase, type TestDatabase } from '@styleforge/testing';
import { quiet, until } from './queue-fixture.ts';

const config: GenerationConfig = {
  model: 'm',
  prompts: ['a cat'],
  negative_prompt: '',
  width: 64,
  height: 64,
  steps: 1,
  guidance_scale: 1,
  sampler: 'ddim',
  seed: 1,
  num_images: 1,
  adapters: [],
  style_guidance: null,
  text_guidance: null,
  image: null,
  strength: null,
  format: 'png',
  quality: null,
  grid: null,
  scoring: null,
};
const never = 3_600_000;

let postgres: TestDatabase;
let database: Database;
let connection: QueueConnection;
let queues: JobQueues;

beforeAll(async () => {
  postgres = await startTestDatabase();
  ({ database } = postgres);
  await clientOf(database).project.create({ data: { id: 'proj_1', name: 'test' } });
  connection = { kind: 'postgres', databaseUrl: postgres.databaseUrl };
  queues = await createQueues(connection, quiet);
});

afterAll(async () => {
  await queues.close();
  await postgres.close();
});

const createGeneration = () => database.generations.create({ projectId: 'proj_1', model: { baseModel: 'm' }, config });
const start = (pollMs: number, over: JobQueues = queues) => startOutboxPublisher({ database, queues: over, log: quiet, pollMs });

const untilEmpty = () => until(async () => (await database.outbox.count()) === 0);

it('publishes waiting messages, and later ones at once', async () => {
  const waiting = await createGeneration();
  const publisher = await start(never);
  await untilEmpty();
  const later = await createGeneration();
  await untilEmpty();
  await publisher.stop();
  const taken: string[] = [];
  const consumer = await createConsumer(connection, {
    name: 'generate',
    concurrency: 1,
    log: quiet,
    handle: async ({ generationId }) => {
      taken.push(generationId);
      return 'finished';
    },
  });
  await until(() => taken.length === 2);
  await consumer.close(1_000);
  expect(taken).toEqual([waiting.id, later.id]);
});

it('keeps a message that the queue did not accept, and tries again', async () => {
  let refusals = 0;
  const enqueued: string[] = [];
  const failing: JobQueues = {
    ...queues,
    enqueue: async (_name, jobs) => {
      if (refusals++ < 2) throw new Error('the queue is away');
      enqueued.push(...jobs.map(({ id: job }) => job));
    },
  };
  const { id } = await createGeneration();
  const publisher = await start(100, failing);
  await untilEmpty();
  await publisher.stop();
  expect(refusals).toBe(3);
  expect(enqueued).toEqual([id]);
});

it('listens again after its connection broke', async () => {
  const publisher = await start(never);
  const admin = new pg.Client({ connectionString: postgres.databaseUrl });
  await admin.connect();
  const listeners = async () =>
    (await admin.query<{ pid: number }>(`select pid from pg_stat_activity where query ilike 'listen styleforge_outbox'`)).rows.map(
      ({ pid }) => pid,
    );
  const [broken, ...others] = await listeners();
  expect(others).toEqual([]);
  await admin.query('select pg_terminate_backend($1)', [broken]);
  await until(async () => (await listeners()).some((pid) => pid !== broken));
  await admin.end();
  // The first may be found by the check after each connection; the second only by a listener.
  for (let created = 0; created < 2; created++) {
    await createGeneration();
    await untilEmpty();
  }
  await publisher.stop();
});

it('sets aside messages of unknown topics, logs them, and continues; a version that knows the topic takes them back', async () => {
  const errors: object[] = [];
  const { outboxMessage } = clientOf(database);
  await outboxMessage.create({ data: { topic: 'embroider', key: 'x', payload: {}, projectId: 'proj_1' } });
  await outboxMessage.create({ data: { topic: 'generate', key: 'malformed', payload: { generation: 1 }, projectId: 'proj_1' } });
  const { id } = await createGeneration();
  const publisher = await startOutboxPublisher({
    database,
    queues,
    log: { ...quiet, error: (fields) => errors.push(fields) },
    pollMs: 100,
  });
  await untilEmpty();
  await publisher.stop();
  expect(await database.outbox.parked()).toMatchObject([
    { key: 'x', parkedReason: 'unknown topic' },
    { key: 'malformed', parkedReason: expect.stringContaining('generationId') as string },
  ]);
  expect(errors).toMatchObject([
    { topic: 'embroider', key: 'x' },
    { queue: 'generate', jobId: 'malformed' },
  ]);
  expect((await clientOf(database).generation.findUniqueOrThrow({ where: { id } })).status).toBe('queued');
  await database.outbox.parkUnknown(['embroider', 'generate']);
  expect((await database.outbox.parked()).map(({ key }) => key)).toEqual(['malformed']);
});
