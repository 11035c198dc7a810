// Queries of a publisher to the database, whose number limits how many jobs can start per second and how many workers can be idle.
import { clientOf } from '@styleforge/database/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDatabase, type Database } from '@styleforge/database';
import { catalog, createConsumer, type JobName, type OutboxPublisher, startOutboxPublisher } from '@styleforge/queue';
import { type QueueFixture, quiet, startQueueFixture, until } from './queue-fixture.ts';

const { window } = catalog.train;

let fixture: QueueFixture;
let observed: Database;
let publisher: OutboxPublisher;
const statements: string[] = [];
const roomsAsked: JobName[] = [];
beforeAll(async () => {
  fixture = await startQueueFixture('postgres');
  observed = createDatabase(fixture.databaseUrl, { maxConnections: 2, onQuery: (statement) => statements.push(statement) });
  const queues = {
    ...fixture.queues,
    room: (name: JobName) => {
      roomsAsked.push(name);
      return fixture.queues.room(name);
    },
  };
  publisher = await startOutboxPublisher({ database: observed, queues, log: quiet, pollMs: 3_600_000 });
  await until(() => roomsAsked.includes('sweep'));
});
beforeEach(async () => {
  await sleep(200);
  statements.length = 0;
  roomsAsked.length = 0;
});
afterAll(async () => {
  await publisher?.stop();
  await observed?.close();
  await fixture.close();
});

it('looks only at the queue that a notification names', async () => {
  const [id = ''] = await fixture.createJobs(await fixture.createProject(), 1);
  await until(async () => (await fixture.database.outbox.count()) === 0);
  await sleep(200);
  expect(new Set(roomsAsked)).toEqual(new Set(['train']));
  expect((await fixture.database.trainingJobs.get(id))?.status).toBe('queued');
});

it.each(['generations', 'evaluations'] as const)('looks only at the queue of %s when the status of one changes', async (table) => {
  const projectId = await fixture.createProject();
  const prisma = clientOf(fixture.database);
  const data = { id: `${table}-of-nobody`, projectId, status: 'queued', config: {} };
  await (table === 'generations' ? prisma.generation.create({ data }) : prisma.evaluation.create({ data }));
  const change = { where: { id: data.id }, data: { status: 'cancelled' } };
  await (table === 'generations' ? prisma.generation.update(change) : prisma.evaluation.update(change));
  await until(() => roomsAsked.length > 0);
  await sleep(200);
  expect(new Set(roomsAsked)).toEqual(new Set([table === 'generations' ? 'generate' : 'evaluate']));
});

it('sends no query while the queue is full', async () => {
  await fixture.createJobs(await fixture.createProject(), window + 3);
  await until(async () => (await fixture.database.outbox.count()) === 4);
  await sleep(200);
  statements.length = 0;
  roomsAsked.length = 0;
  await fixture.createJobs(await fixture.createProject(), 5);
  await until(() => roomsAsked.length > 0);
  await sleep(200);
  expect(statements).toEqual([]);
});

it('fills the window at once, with as many statements for many projects as for one', async () => {
  const { generations, outbox } = fixture.database;
  const config = {
    model: 'tiny',
    prompts: ['a cat'],
    negative_prompt: '',
    width: 64,
    height: 64,
    steps: 1,
    guidance_scale: 1,
    sampler: 'ddim',
    seed: 1,
    num_images: 1,
    style_guidance: null,
    text_guidance: null,
    image: null,
    strength: null,
    format: 'png',
    quality: null,
    grid: null,
    scoring: null,
  } as const;
  for (let project = 0; project < 6; project++) {
    const projectId = await fixture.createProject();
    for (let made = 0; made < 20; made++)
      await generations.create({
        projectId,
        model: { baseModel: 'tiny' },
        config: { ...config, prompts: [...config.prompts], adapters: [] },
      });
  }
  statements.length = 0;
  const waiting = await outbox.count();
  const taken: string[] = [];
  const consumer = await createConsumer(fixture.connection, {
    name: 'generate',
    concurrency: catalog.generate.window,
    log: quiet,
    handle: async ({ generationId }) => {
      const generation = await generations.claim(generationId);
      if (generation) taken.push(generationId);
      return 'finished';
    },
  });
  await until(async () => (await outbox.count()) === waiting - (120 - catalog.generate.window) && taken.length === 120);
  await consumer.close(1_000);
  const refills = statements.filter((statement) => statement === 'delete').length;
  expect(refills).toBeGreaterThan(0);
  expect(statements.length / refills).toBeLessThan(10);
});
