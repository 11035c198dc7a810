// A Postgres that really stops under a running training, a running generation and a waiting job, for longer than any queue's tries; and a
// store that is unmounted.
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GenerationBody } from '@styleforge/contracts';
import { startEmbeddedPostgres } from '@styleforge/stack';
import { redisMissing, startRedis, warnNotTested } from '@styleforge/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from './service.ts';

const patience = 900_000;
/** Longer than all tries of a generation once took. A failed try of a training shows in its events. */
const AWAY_MS = 6_000;
const STEPS = 32;

warnNotTested('outages with the queue on Redis', redisMissing);
let directory: string;
let redis: Awaited<ReturnType<typeof startRedis>> | undefined;
let postgres: Awaited<ReturnType<typeof startEmbeddedPostgres>>;
let test: TestService;
let datasets: [string, string];
// The queue in Postgres is away with its database; in Redis it continues, and spends the tries of jobs that cannot reach their rows.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-outage-'));
  postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  redis = redisMissing === undefined ? await startRedis() : undefined;
  test = await TestService.create(
    { tiny: {} },
    {
      DATABASE_URL: postgres.databaseUrl,
      MIGRATE_ON_START: 'true',
      WORKER_QUEUES: 'train:1,generate:2',
      OBJECT_STORE_DIRECTORY: join(directory, 'objects'),
      ...(redis && { REDIS_URL: redis.redisUrl }),
    },
  );
  datasets = [await test.createDataset('style_ref', [0, 40, 80]), await test.createDataset('aux', [120, 160, 200, 240])];
}, patience);
afterAll(async () => {
  await test.remove();
  await redis?.stop();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

const createJob = (steps: number) => test.createJob(...datasets, { max_train_steps: steps, checkpointing_steps: 8, resolution: 64 });
async function untilReady(): Promise<void> {
  const ready = async () => (await fetch(`${test.service.url}/readyz`)).status;
  for (const end = Date.now() + 120_000; (await ready()) !== 200; await sleep(500)) expect(Date.now()).toBeLessThan(end);
}
const generation = (id: string) => test.call<GenerationBody>('GET', `/v1/images/generations/${id}`);
/** One that takes longer than a moment, in several batches. */
async function startGeneration(): Promise<string> {
  const { id } = await test.call<GenerationBody>('POST', '/v1/images/generations', {
    ...{ model: 'tiny', prompts: ['a photo of zwx style'], steps: 100, num_images: 8, seed: 3 },
  });
  for (const end = Date.now() + 120_000; (await generation(id)).status === 'queued'; await sleep(100)) expect(Date.now()).toBeLessThan(end);
  return id;
}
/** All steps are there, once, and no try counted as failed. */
async function expectWhole(id: string, steps: number): Promise<void> {
  const job = await test.untilFinished(id, 600_000);
  expect(job).toMatchObject({ status: 'succeeded', error: null, result: { final_step: steps } });
  expect((await test.metrics(id)).map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, index) => index + 1));
  expect((await test.events(id)).map(({ type }) => type)).not.toContain('job.attempt_failed');
}

it(
  'a Postgres that is unavailable for longer than all retries loses no job',
  async () => {
    const [running, waiting] = [await createJob(STEPS), await createJob(8)];
    await test.until(running, ({ progress }) => (progress?.step ?? 0) > 8);
    const drawn = await startGeneration();
    const port = Number(new URL(postgres.databaseUrl).port);
    await postgres.stop();
    await sleep(AWAY_MS);
    postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres'), port });
    await untilReady();
    await expectWhole(running, STEPS);
    await expectWhole(waiting, 8);
    expect(await test.generated(drawn)).toMatchObject({ status: 'succeeded', error: null });
    expect((await generation(drawn)).images).toHaveLength(8);
  },
  patience,
);

it(
  'a store that is unmounted for a while costs a job only the steps since its last checkpoint',
  async () => {
    const [root, away] = [join(directory, 'objects'), join(directory, 'unmounted')];
    const id = await createJob(STEPS);
    await test.until(id, ({ progress }) => (progress?.step ?? 0) > 8);
    await rename(root, away);
    await mkdir(root);
    for (
      const end = Date.now() + 240_000;
      !(await readFile(join(test.service.logDirectory, 'worker.log'), 'utf8')).includes('StoreIdentityError');
      await sleep(500)
    )
      expect(Date.now()).toBeLessThan(end);
    expect((await fetch(`${test.service.url}/readyz`)).status).toBe(503);
    await sleep(3_000);
    await rm(root, { recursive: true });
    await rename(away, root);
    await untilReady();
    await expectWhole(id, STEPS);
    expect((await test.job(id)).attempt).toBeGreaterThan(1);
    const steps = (await test.checkpoints(id)).map(({ step }) => step);
    expect(steps).toEqual([8, 16, 24, 32]);
  },
  patience,
);
