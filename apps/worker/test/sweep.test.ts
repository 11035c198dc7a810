// What the sweep removes by age, on a real database with files and with S3; it runs one at a time and is queued once.
import { clientOf } from '@styleforge/database/testing';
import type { EvaluationConfig, EvaluationStage, GenerationConfig } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { createConsumer, createQueues } from '@styleforge/queue';
import { generationImageKey } from '@styleforge/storage';
import { createLogger, runSweep } from '@styleforge/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  config,
  DAY_MS,
  fill,
  finish,
  fixture,
  jobId,
  keys,
  openStore,
  projectId,
  put,
  services,
  setUp,
  steps,
  store,
  STORES,
  tearDown,
} from './sweep-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe.each(STORES)('with objects in %s', (kind) => {
  beforeAll(() => openStore(kind));
  beforeEach(fill);

  it('removes the intermediate checkpoints and the images of old jobs, and keeps results, latest checkpoints and live jobs', async () => {
    await finish(31);
    const before = await keys();
    services.sweep = { ...services.sweep, dryRun: true };
    expect(await runSweep(services)).toMatchObject({ checkpoints: 1, validationImages: 0 });
    expect(await keys()).toEqual(before);
    services.sweep = { ...services.sweep, dryRun: false, validationImageDays: 7 };
    const [image] = await clientOf(fixture.database).validationImage.findMany({ where: { jobId } });
    await fixture.database.validationImages.star(jobId, image!.step, image!.index, true);
    expect(await runSweep({ ...services, sweep: { ...services.sweep, checkpointDays: 0 } })).toMatchObject({ validationImages: 0 });
    await fixture.database.validationImages.star(jobId, image!.step, image!.index, false);
    expect(await runSweep(services)).toMatchObject({ checkpoints: 1, validationImages: 1, objectsWithoutRow: 0, rowsWithoutObject: 0 });
    expect(await steps()).toEqual([20, 30]);
    expect((await keys()).filter((key) => key.includes('00000010'))).toEqual([]);
    expect(await clientOf(fixture.database).validationImage.findMany({ where: { jobId } })).toEqual([]);
  });

  it('removes nothing of unfinished or younger jobs, and nothing at all if files are to be kept permanently', async () => {
    await clientOf(fixture.database).trainingJob.update({ where: { id: jobId }, data: { startedAt: new Date(0) } });
    expect(await runSweep(services)).toMatchObject({ checkpoints: 0, validationImages: 0 });
    await finish(29);
    expect(await runSweep(services)).toMatchObject({ checkpoints: 0 });
    await finish(1000);
    services.sweep = { ...services.sweep, checkpointDays: 0, validationImageDays: 0 };
    expect(await runSweep(services)).toMatchObject({ checkpoints: 0, validationImages: 0 });
    expect(await steps()).toEqual([10, 20, 30]);
  });

  it('keeps a checkpoint that unfinished work generates with', async () => {
    const { generations, evaluations, trainingJobs } = fixture.database;
    const [first] = await fixture.database.checkpoints.list(projectId, jobId);
    const checkpointId = first?.id ?? '';
    await finish(31);
    const models = [{ checkpoint_id: checkpointId }];
    const generation = await generations.create({ projectId, model: { checkpointId }, config: {} as GenerationConfig });
    const evaluation = (await evaluations.create({ projectId, config: { reference_dataset_id: null, models } as EvaluationConfig }))!;
    const job = (await trainingJobs.create({ projectId, config: { ...config, evaluation: { comparisons: models } as EvaluationStage } }))!;
    for (const end of [
      () => generations.cancel(projectId, generation.id),
      () => evaluations.requestCancel(projectId, evaluation.id),
      () => trainingJobs.requestCancel(projectId, job.id),
    ]) {
      expect(await runSweep(services)).toMatchObject({ checkpoints: 0 });
      await end();
    }
    expect(await runSweep(services)).toMatchObject({ checkpoints: 1 });
    expect(await steps()).toEqual([20, 30]);
  });

  it('removes old generated images, responses stored for idempotency keys, and deliveries', async () => {
    const { generations, webhooks, idempotencyKeys } = fixture.database;
    const prisma = clientOf(fixture.database);
    const generation = await generations.create({
      projectId,
      model: { baseModel: 'tiny' },
      config: {
        model: 'tiny',
        prompts: ['x'],
        negative_prompt: '',
        width: 8,
        height: 8,
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
      },
    });
    await generations.claim(generation.id);
    const objectKey = generationImageKey(projectId, generation.id, 0);
    await put(objectKey);
    const image = {
      id: newId('image'),
      projectId,
      generationId: generation.id,
      index: 0,
      prompt: 'x',
      seed: 1,
      width: 8,
      height: 8,
      sizeBytes: 1,
      sha256: 'x',
      objectKey,
    };
    await generations.recordImage(1, image);
    await generations.setStatus(generation.id, { from: 'running', to: 'succeeded', attempt: 1 });
    await prisma.generatedImage.updateMany({ where: { projectId }, data: { createdAt: new Date(Date.now() - 91 * DAY_MS) } });
    const webhook = await webhooks.create({ projectId, url: 'https://example.com/', events: ['training_job.failed'] });
    for (const status of ['pending', 'delivered']) {
      const delivery = await webhooks.test(projectId, webhook?.id ?? '');
      await prisma.webhookDelivery.update({ where: { id: delivery?.id ?? '' }, data: { status, createdAt: new Date(0) } });
    }
    await idempotencyKeys.begin(projectId, 'old', 'hash', 60_000);
    await prisma.idempotencyKey.updateMany({ where: { projectId }, data: { expiresAt: new Date(0) } });
    expect(await runSweep(services)).toMatchObject({ generatedImages: 1, webhookDeliveries: 1, idempotencyKeys: 1 });
    expect(await store.head(objectKey)).toBeNull();
    expect((await generations.find(projectId, generation.id))?.images).toEqual([]);
    expect((await webhooks.deliveries(projectId, webhook?.id ?? '', { limit: 10 })).rows).toMatchObject([{ status: 'pending' }]);
  });

  it('is run by one process at a time', async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => runSweep(services)));
    expect(results.filter((swept) => swept !== null).length).toBeGreaterThanOrEqual(1);
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 4 }, () =>
        fixture.database.exclusively('sweep', async () => {
          most = Math.max(most, (inside += 1));
          await new Promise((done) => setTimeout(done, 100));
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
  });
});

it('is queued repeatedly, once for all workers that request it', async () => {
  const connection = { kind: 'postgres' as const, databaseUrl: fixture.databaseUrl };
  const log = createLogger('silent');
  const queues = await createQueues(connection, log);
  for (let worker = 0; worker < 3; worker++) await queues.repeat('sweep', 1_000, {});
  const times: number[] = [];
  const consumer = await createConsumer(connection, {
    name: 'sweep',
    concurrency: 3,
    log,
    handle: async () => {
      times.push(Date.now());
      return 'finished';
    },
  });
  const start = Date.now();
  while (times.length < 3) await new Promise((done) => setTimeout(done, 50));
  // Three timers would have come three times as often.
  expect(times.length / ((Date.now() - start) / 1_000 + 1)).toBeLessThan(2);
  await consumer.close(1_000);
  await queues.close();
});
