// The sweep on a real database with files and with S3: what goes, what stays, what a dry run says, one at a time.
import { clientOf } from '@styleforge/database/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@styleforge/config';
import { type EvaluationConfig, type EvaluationStage, type GenerationConfig, type TrainingConfig } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { createConsumer, createQueues } from '@styleforge/queue';
import {
  checkpointPrefix,
  classImagesPrefix,
  createObjectStore,
  datasetImageKey,
  datasetThumbnailKey,
  evaluationReportKey,
  generationImageKey,
  installationKey,
  type ObjectStore,
  StoreIdentityError,
  validationImageKey,
} from '@styleforge/storage';
import { startFauxS3, startTestDatabase, type TestDatabase, type TestS3Server, trainingConfig } from '@styleforge/testing';
import { createLogger, runSweep, type SweepServices } from '@styleforge/worker';
import { createMetrics } from '@styleforge/telemetry';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let fixture: TestDatabase;
let directory: string;
let s3: TestS3Server;

beforeAll(async () => {
  fixture = await startTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'styleforge-sweep-'));
  s3 = await startFauxS3();
});
afterAll(async () => {
  await s3.stop();
  await fixture.close();
  await rm(directory, { recursive: true, force: true });
});

describe.each(['files', 's3'])('with objects in %s', (kind) => {
  let store: ObjectStore;
  let services: SweepServices;
  let projectId: string;
  let jobId: string;
  let result: string;
  let config: TrainingConfig;

  beforeAll(async () => {
    store = await (kind === 'files'
      ? createObjectStore({ kind: 'files', directory: join(directory, 'objects') })
      : createObjectStore({ kind: 's3', ...s3.settings, prefix: 'one' }));
  });

  const putIdentity = async (into: ObjectStore) => {
    const { id } = await fixture.database.installation.read();
    await into.put(installationKey, Buffer.from(JSON.stringify({ installation: id })));
  };
  /** Another store, as where a volume is not mounted or a prefix is wrong: empty but for what the test puts there. */
  const otherStore = (name: string) =>
    kind === 'files'
      ? createObjectStore({ kind: 'files', directory: join(directory, name) })
      : createObjectStore({ kind: 's3', ...s3.settings, prefix: name });
  const age = (hours: number) => {
    const createdAt = new Date(Date.now() - hours * HOUR_MS);
    const prisma = clientOf(fixture.database);
    return Promise.all([
      prisma.checkpoint.updateMany({ data: { createdAt } }),
      prisma.validationImage.updateMany({ data: { createdAt } }),
      prisma.generatedImage.updateMany({ data: { createdAt } }),
    ]);
  };
  async function rowCounts() {
    const prisma = clientOf(fixture.database);
    return [await prisma.checkpoint.count(), await prisma.validationImage.count(), await prisma.generatedImage.count()];
  }

  const put = (key: string) => store.put(key, Buffer.from(key));
  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of store.list(`projects/${projectId}/`)) found.push(key.slice(`projects/${projectId}/`.length));
    return found;
  }

  async function saveCheckpoint(step: number): Promise<string> {
    const objectPrefix = checkpointPrefix(projectId, jobId, step, 1);
    for (const name of ['unet/weights.bin', 'manifest.json']) await put(objectPrefix + name);
    return (
      await fixture.database.checkpoints.record({
        projectId,
        jobId,
        step,
        objectPrefix,
        files: [{ path: 'unet/weights.bin', size: 1, sha256: 'x' }],
      })
    ).id;
  }

  beforeEach(async () => {
    services = {
      database: fixture.database,
      objectStore: store,
      objectStoreConfig: loadConfig({}).objectStore,
      log: createLogger('silent'),
      sweep: { ...loadConfig({}).flow.sweep, orphanGraceHours: 1 },
    };
    // A sweep sees everybody's rows, and those of the other store are not for this one.
    await clientOf(fixture.database).project.deleteMany();
    await store.deletePrefix('projects/');
    await store.deletePrefix('trash/');
    await putIdentity(store);
    ({ projectId } = await fixture.database.apiKeys.createProject('test'));
    const { id: datasetId } = await fixture.database.datasets.create(projectId, { name: 'style', kind: 'style_ref' });
    config = trainingConfig(datasetId);
    const { trainingJobs, validationImages } = fixture.database;
    jobId = (await trainingJobs.create({ projectId, config }))?.id ?? '';
    await trainingJobs.claim(jobId);
    await trainingJobs.start(jobId, 1);
    await saveCheckpoint(10);
    result = await saveCheckpoint(20);
    await saveCheckpoint(30);
    const objectKey = validationImageKey(projectId, jobId, 10, 0);
    await put(objectKey);
    await validationImages.record({
      jobId,
      step: 10,
      index: 0,
      prompt: 'x',
      seed: 1,
      width: 1,
      height: 1,
      sizeBytes: 1,
      sha256: 'x',
      objectKey,
    });
  });

  const finish = (daysAgo: number) =>
    clientOf(fixture.database).$transaction([
      clientOf(fixture.database).trainingJob.update({
        where: { id: jobId },
        data: {
          status: 'succeeded',
          finishedAt: new Date(Date.now() - daysAgo * DAY_MS),
          result: { final_step: 30, checkpoint_id: result },
        },
      }),
      clientOf(fixture.database).validationImage.updateMany({
        where: { jobId },
        data: { createdAt: new Date(Date.now() - daysAgo * DAY_MS) },
      }),
    ]);
  const steps = async () => (await fixture.database.checkpoints.list(projectId, jobId)).map(({ step }) => step);

  it('removes the intermediate checkpoints and the images of old jobs, and keeps results, latest checkpoints and live jobs', async () => {
    await finish(31);
    const before = await keys();
    services.sweep = { ...services.sweep, dryRun: true };
    expect(await runSweep(services)).toMatchObject({ checkpoints: 1, validationImages: 0 });
    expect(await keys()).toEqual(before);
    services.sweep = { ...services.sweep, dryRun: false, validationImageDays: 7 };
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

  it('finds objects without a row and rows without an object after the grace period, and only logs them in a dry run', async () => {
    const orphans = [
      datasetImageKey(projectId, 'ds_gone', 'img_gone'),
      generationImageKey(projectId, 'gen_gone', 0),
      validationImageKey(projectId, jobId, 99, 0),
      `${checkpointPrefix(projectId, jobId, 40, 1)}unet/weights.bin`,
      `${checkpointPrefix(projectId, 'job_gone', 1, 1)}manifest.json`,
    ];
    const foreign = `${classImagesPrefix(projectId, 'digest')}00000000.png`;
    for (const key of [...orphans, foreign]) await put(key);
    expect(await runSweep(services)).toMatchObject({ objectsWithoutRow: 0, rowsWithoutObject: 0 });
    await store.delete(validationImageKey(projectId, jobId, 10, 0));
    await clientOf(fixture.database).validationImage.updateMany({
      where: { jobId },
      data: { createdAt: new Date(Date.now() - 2 * HOUR_MS) },
    });
    services.sweep = { ...services.sweep, orphanGraceHours: 0, dryRun: true };
    // With no grace, this project's young rows count as well as its old ones; their objects are there.
    expect(await runSweep(services)).toMatchObject({ rowsWithoutObject: 1 });
    for (const key of orphans) expect(await store.head(key)).not.toBeNull();
    services.sweep = { ...services.sweep, dryRun: false };
    expect(await runSweep(services)).toMatchObject({ objectsWithoutRow: orphans.length, rowsWithoutObject: 1, rowsRemoved: 0 });
    for (const key of orphans) expect(await store.head(key)).toBeNull();
    expect(await store.head(foreign)).not.toBeNull();
    // Seen for the first time, then for a second time a grace later.
    expect(await clientOf(fixture.database).validationImage.findMany({ where: { jobId } })).toMatchObject([
      { missingSince: expect.any(Date) },
    ]);
    services.sweep = { ...services.sweep, orphanGraceHours: 1 };
    expect(await runSweep(services)).toMatchObject({ rowsWithoutObject: 1, rowsRemoved: 0 });
    await clientOf(fixture.database).validationImage.updateMany({ data: { missingSince: new Date(Date.now() - 2 * HOUR_MS) } });
    expect(await runSweep(services)).toMatchObject({ rowsWithoutObject: 1, rowsRemoved: 1 });
    expect(await clientOf(fixture.database).validationImage.findMany({ where: { jobId } })).toEqual([]);
    expect((await keys()).filter((key) => key.includes('/checkpoints/'))).toHaveLength(6);
  });

  it('keeps thumbnails and reports as long as what they belong to exists, and removes them afterwards', async () => {
    const { images, evaluations } = fixture.database;
    const prisma = clientOf(fixture.database);
    const dataset = await prisma.dataset.findFirstOrThrow({ where: { projectId } });
    const imageId = newId('image');
    const objectKey = datasetImageKey(projectId, dataset.id, imageId);
    await images.add(
      {
        id: imageId,
        projectId,
        datasetId: dataset.id,
        component: null,
        caption: null,
        fileName: 'a.png',
        objectKey,
        width: 8,
        height: 8,
        sizeBytes: 1,
        sha256: 'x',
      },
      10,
    );
    const evaluation = (await evaluations.create({ projectId, config: { reference_dataset_id: null } as EvaluationConfig }))!;
    const thumbnail = datasetThumbnailKey(projectId, dataset.id, imageId);
    const report = evaluationReportKey(projectId, evaluation.id);
    for (const key of [objectKey, thumbnail, report]) await put(key);
    services.sweep = { ...services.sweep, orphanGraceHours: 0 };
    expect(await runSweep(services)).toMatchObject({ objectsWithoutRow: 0, rowsWithoutObject: 0 });
    await prisma.dataset.delete({ where: { id: dataset.id } });
    await prisma.evaluation.delete({ where: { id: evaluation.id } });
    expect(await runSweep(services)).toMatchObject({ objectsWithoutRow: 3, rowsWithoutObject: 0 });
    for (const key of [objectKey, thumbnail, report]) expect(await store.head(key)).toBeNull();
  });

  it('refuses a store of another database, and leaves every row and every object unchanged', async () => {
    await finish(3);
    await age(72);
    const [rows, objects] = [await rowCounts(), await keys()];
    const wrong = await otherStore('not-mounted');
    await expect(runSweep({ ...services, objectStore: wrong })).rejects.toThrow(StoreIdentityError);
    await wrong.put(installationKey, Buffer.from('{"installation":"inst_other"}'));
    await expect(runSweep({ ...services, objectStore: wrong })).rejects.toThrow(/belongs to installation inst_other.*DATABASE_URL/);
    expect(await rowCounts()).toEqual(rows);
    services.sweep = { ...services.sweep, orphanGraceHours: 0 };
    expect(await runSweep(services)).toMatchObject({ objectsWithoutRow: 0, rowsWithoutObject: 0 });
    expect([await rowCounts(), await keys()]).toEqual([rows, objects]);
    await wrong.delete(installationKey);
  });

  it('changes nothing if more rows lack their objects than crashes explain, and only marks them if the brake is off', async () => {
    for (let step = 100; step < 130; step += 1) await saveCheckpoint(step);
    await finish(3);
    await age(72);
    const rows = await rowCounts();
    const emptied = await otherStore('emptied');
    await putIdentity(emptied);
    const metrics = createMetrics();
    await expect(runSweep({ ...services, objectStore: emptied, metrics })).rejects.toThrow(/34 of 34 rows have no object.*SWEEP_DRY_RUN/);
    expect((await metrics.scrape()).body).toContain('styleforge_sweep_refused 1');
    expect(await clientOf(fixture.database).checkpoint.count({ where: { missingSince: null } })).toBe(rows[0]);
    services.sweep = { ...services.sweep, brake: false };
    expect(await runSweep({ ...services, objectStore: emptied })).toMatchObject({ rowsWithoutObject: 34, rowsRemoved: 0 });
    expect(await rowCounts()).toEqual(rows);
    expect(await clientOf(fixture.database).checkpoint.count({ where: { missingSince: null } })).toBe(0);
    // The volume is there again.
    services.sweep = { ...services.sweep, brake: true };
    expect(await runSweep(services)).toMatchObject({ rowsWithoutObject: 0, rowsFoundAgain: 34, objectsWithoutRow: 0 });
    expect(await clientOf(fixture.database).checkpoint.count({ where: { missingSince: null } })).toBe(rows[0]);
    await emptied.delete(installationKey);
  });

  it('never removes the row of a result whose object is lost', async () => {
    await finish(3);
    await age(72);
    for (const checkpoint of await fixture.database.checkpoints.list(projectId, jobId))
      await store.delete(`${checkpoint.objectPrefix}unet/weights.bin`);
    expect(await runSweep(services)).toMatchObject({ rowsWithoutObject: 3, rowsRemoved: 0 });
    await clientOf(fixture.database).checkpoint.updateMany({ data: { missingSince: new Date(Date.now() - 2 * HOUR_MS) } });
    // Step 20 is the result, step 30 the furthest; step 10 is of no use without its files.
    expect(await runSweep(services)).toMatchObject({ rowsWithoutObject: 3, rowsRemoved: 1 });
    expect(await steps()).toEqual([20, 30]);
  });

  it('keeps removed objects in the trash for some days, from which they can be restored', async () => {
    const orphan = generationImageKey(projectId, 'gen_gone', 0);
    await put(orphan);
    services.sweep = { ...services.sweep, orphanGraceHours: 0, trashDays: 7 };
    expect(await runSweep(services)).toMatchObject({ objectsWithoutRow: 1, trash: 0 });
    const today = new Date().toISOString().slice(0, 10);
    expect(Buffer.from(await store.get(`trash/${today}/${orphan}`)).toString()).toBe(orphan);
    const old = `trash/${new Date(Date.now() - 9 * DAY_MS).toISOString().slice(0, 10)}/projects/x/old.png`;
    await put(old);
    expect(await runSweep(services)).toMatchObject({ objectsWithoutRow: 0, trash: 1 });
    expect(await store.head(old)).toBeNull();
    await store.move(`trash/${today}/${orphan}`, orphan);
    services.sweep = { ...services.sweep, trashDays: 0 };
    expect(await runSweep(services)).toMatchObject({ objectsWithoutRow: 1 });
    expect([await store.head(orphan), await store.head(`trash/${today}/${orphan}`)]).toEqual([null, null]);
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
