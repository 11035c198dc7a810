// Objects without a row and rows without an object: what the sweep removes, what it marks, and when it refuses to run.
import { clientOf } from '@styleforge/database/testing';
import type { EvaluationConfig } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import {
  checkpointPrefix,
  classImagesPrefix,
  datasetImageKey,
  datasetThumbnailKey,
  evaluationReportKey,
  generationImageKey,
  installationKey,
  StoreIdentityError,
  validationImageKey,
} from '@styleforge/storage';
import { runSweep } from '@styleforge/worker';
import { createMetrics } from '@styleforge/telemetry';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  DAY_MS,
  HOUR_MS,
  STORES,
  age,
  fill,
  finish,
  fixture,
  jobId,
  keys,
  openStore,
  otherStore,
  projectId,
  put,
  putIdentity,
  rowCounts,
  saveCheckpoint,
  setUp,
  steps,
  store,
  services,
  tearDown,
} from './sweep-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe.each(STORES)('with objects in %s', (kind) => {
  beforeAll(() => openStore(kind));
  beforeEach(fill);

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
});
