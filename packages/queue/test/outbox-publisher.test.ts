// The way from a committed row to the queue, with a real database.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GenerationConfig } from '@styleforge/contracts';
import { createDatabase, type Database, migrate } from '@styleforge/database';
import { createConsumer, createQueues, type JobQueues, type QueueConnection, startOutboxPublisher } from '@styleforge/queue';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@styleforge/stack';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const config: GenerationConfig = {
  model: 'm', prompts: ['a cat'], negative_prompt: '', width: 64, height: 64, steps: 1, guidance_scale: 1, sampler: 'ddim', seed: 1, num_images: 1,
};
const never = 3_600_000;

let directory: string;
let postgres: EmbeddedPostgres;
let database: Database;
let connection: QueueConnection;
let queues: JobQueues;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-outbox-'));
  postgres = await startEmbeddedPostgres({ directory });
  await migrate(postgres.databaseUrl);
  database = createDatabase(postgres.databaseUrl);
  await database.prisma.project.create({ data: { id: 'proj_1', name: 'test' } });
  connection = { kind: 'postgres', databaseUrl: postgres.databaseUrl };
  queues = await createQueues(connection, log);
});

afterAll(async () => {
  await queues.close();
  await database.close();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

const createGeneration = () => database.generations.create({ projectId: 'proj_1', model: { baseModel: 'm' }, config });
const start = (pollMs: number, over: JobQueues = queues) =>
  startOutboxPublisher({ database, queues: over, log, pollMs });

async function untilEmpty(ms = 5_000): Promise<void> {
  const end = Date.now() + ms;
  while ((await database.outbox.count()) > 0) {
    if (Date.now() > end) throw new Error('the outbox did not empty in time');
    await sleep(20);
  }
}

it('publishes what waited, and at once what comes later', async () => {
  const waiting = await createGeneration();
  const publisher = await start(never);
  await untilEmpty();
  const later = await createGeneration();
  await untilEmpty(1_000);
  await publisher.stop();
  const taken: string[] = [];
  const consumer = await createConsumer(connection, {
    name: 'generate', concurrency: 1, log, onAbandoned: async () => undefined,
    handle: async ({ generationId }) => {
      taken.push(generationId);
      return 'finished';
    },
  });
  while (taken.length < 2) await sleep(20);
  await consumer.close(1_000);
  expect(taken).toEqual([waiting.id, later.id]);
});

it('keeps a message that the queue did not take, and tries again', async () => {
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
  const { rowCount } = await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen styleforge_outbox'`);
  await admin.end();
  expect(rowCount).toBe(1);
  await sleep(1_500);
  await createGeneration();
  await untilEmpty(1_000);
  await publisher.stop();
});

it('sets aside what nobody can carry, says so, and goes on; a version that knows the topic takes it back', async () => {
  const errors: object[] = [];
  const { outboxMessage } = database.prisma;
  await outboxMessage.create({ data: { topic: 'embroider', key: 'x', payload: {}, projectId: 'proj_1' } });
  await outboxMessage.create({ data: { topic: 'generate', key: 'malformed', payload: { generation: 1 }, projectId: 'proj_1' } });
  const { id } = await createGeneration();
  const publisher = await startOutboxPublisher({ database, queues, log: { ...log, error: (fields) => errors.push(fields) }, pollMs: 100 });
  await untilEmpty();
  await publisher.stop();
  expect(await database.outbox.parked()).toMatchObject([{ key: 'x', parkedReason: 'unknown topic' }, { key: 'malformed', parkedReason: expect.stringContaining('generationId') as string }]);
  expect(errors).toMatchObject([{ topic: 'embroider', key: 'x' }, { queue: 'generate', jobId: 'malformed' }]);
  expect((await database.prisma.generation.findUniqueOrThrow({ where: { id } })).status).toBe('queued');
  await database.outbox.parkUnknown(['embroider', 'generate']);
  expect((await database.outbox.parked()).map(({ key }) => key)).toEqual(['malformed']);
});
