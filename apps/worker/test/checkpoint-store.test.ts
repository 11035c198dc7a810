// Checkpoints with a real database and object store, broken off at every point where a worker can die.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientOf } from '@styleforge/database/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '@styleforge/config';
import { METHOD_HYPERPARAMETERS } from '@styleforge/contracts';
import type { Database, TrainingJobRow } from '@styleforge/database';
import {
  checkpointPrefix,
  checkpointsPrefix,
  createObjectStore,
  identifyStore,
  manifestName,
  type ObjectStore,
  ownObjectStore,
  StoreIdentityError,
} from '@styleforge/storage';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import {
  CheckpointStore,
  createLogger,
  DeviceClock,
  DevicePool,
  DiskRoom,
  isAway,
  Leases,
  runTrainingJob,
  tryRow,
  type WorkerServices,
} from '@styleforge/worker';
import type { JobContext } from '@styleforge/queue';

let directory: string;
let fixture: TestDatabase;
let database: Database;
let objectStore: ObjectStore;
let services: WorkerServices;
let projectId: string;
let job: TrainingJobRow;
let checkpoints: CheckpointStore;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-checkpoints-'));
  fixture = await startTestDatabase();
  ({ database } = fixture);
  objectStore = await createObjectStore({ kind: 'files', directory: join(directory, 'objects') });
  services = {
    database,
    leases: new Leases(database),
    objectStore,
    objectStoreConfig: loadConfig({}).objectStore,
    baseModelsDirectory: '',
    baseModelCacheDirectory: directory,
    scratchDirectory: directory,
    room: new DiskRoom({ directories: [directory], leastBytes: 0 }),
    featureCacheDirectory: directory,
    settings: loadConfig({}).worker,
    ...loadConfig({}).flow,
    log: createLogger('silent'),
    devices: new DevicePool(['cpu']),
    deviceClock: new DeviceClock(),
  };
  ({ projectId } = await database.apiKeys.createProject('test'));
});

afterAll(async () => {
  await fixture.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  const dataset = await database.datasets.create(projectId, { name: 'style', kind: 'style_ref' });
  const created = await database.trainingJobs.create({ projectId, config: trainingConfig(dataset.id) });
  job = (await database.trainingJobs.claim(created?.id ?? '')) as TrainingJobRow;
  checkpoints = new CheckpointStore(job, services);
});

async function localCheckpoint(content: string): Promise<string> {
  const local = await mkdtemp(join(directory, 'local-'));
  await mkdir(join(local, 'unet'));
  await writeFile(join(local, 'model_index.json'), '{}');
  await writeFile(join(local, 'unet', 'weights.bin'), content);
  return local;
}

async function storedKeys(): Promise<string[]> {
  const root = checkpointsPrefix(projectId, job.id);
  const keys: string[] = [];
  for await (const { key } of objectStore.list(root)) keys.push(key.slice(root.length));
  return keys;
}

const steps = async () => (await database.checkpoints.list(projectId, job.id)).map(({ step }) => step);

it('writes files, manifest and row, and returns the latest checkpoint', async () => {
  await checkpoints.save(10, await localCheckpoint('ten'));
  await checkpoints.save(20, await localCheckpoint('twenty'));
  expect(await storedKeys()).toEqual([
    '00000010-1/manifest.json',
    '00000010-1/model_index.json',
    '00000010-1/unet/weights.bin',
    '00000020-1/manifest.json',
    '00000020-1/model_index.json',
    '00000020-1/unet/weights.bin',
  ]);
  const restored = await checkpoints.restoreLatest(join(directory, 'restored', job.id));
  expect(restored?.step).toBe(20);
  expect(await readFile(join(restored?.directory ?? '', 'unet', 'weights.bin'), 'utf8')).toBe('twenty');
});

it('removes the files of a worker that died before it wrote the manifest', async () => {
  await checkpoints.save(10, await localCheckpoint('ten'));
  await objectStore.put(`${checkpointPrefix(projectId, job.id, 20, 1)}unet/weights.bin`, Buffer.from('half'));
  await checkpoints.reconcile();
  expect(await steps()).toEqual([10]);
  expect((await storedKeys()).filter((key) => key.startsWith('00000020'))).toEqual([]);
});

it('writes the row of a checkpoint whose worker died right after the manifest', async () => {
  const { id } = await checkpoints.save(10, await localCheckpoint('ten'));
  await database.checkpoints.deleteUnnamed(id);
  await checkpoints.reconcile();
  expect(await steps()).toEqual([10]);
  expect((await checkpoints.restoreLatest(join(directory, 'adopted', job.id)))?.step).toBe(10);
});

it('restores the loss curve that a database missed while it was unavailable', async () => {
  const point = (step: number) => ({ step, loss: 1 / step, style_ref_loss: 0.5, aux_loss: null, grad_norm: 1, learning_rate: 1e-5 });
  const points = [8, 9, 10].map(point);
  const record = vi.spyOn(database.metrics, 'record').mockRejectedValueOnce(new Error("Can't reach database server"));
  await expect(checkpoints.save(10, await localCheckpoint('ten'), { points })).rejects.toThrow(/reach database/);
  record.mockRestore();
  expect(await steps()).toEqual([]);
  await checkpoints.reconcile();
  expect(await steps()).toEqual([10]);
  const curve = await database.metrics.listUpTo(job.id, 10);
  expect(curve.map(({ step, loss }) => ({ step, loss }))).toEqual(points.map(({ step, loss }) => ({ step, loss })));
});

it('releases the device when a job ends before its training begins', async () => {
  const { id: datasetId } = await database.datasets.create(projectId, { name: 'style', kind: 'style_ref' });
  const created = await database.trainingJobs.create({ projectId, config: trainingConfig(datasetId) });
  const devices = new DevicePool(['cpu', 'webgpu']);
  const context = { id: created?.id ?? '', attempt: 1, isLastAttempt: false, signal: new AbortController().signal };
  const outcome = await runTrainingJob(context.id, context as JobContext, { ...services, devices }).catch((error: unknown) => error);
  expect(String(outcome)).not.toBe('finished');
  expect([devices.take().devices, devices.take().devices]).toEqual([['cpu'], ['webgpu']]);
});

it('uses a checkpoint without its curve if the curve cannot be read', async () => {
  const { id } = await checkpoints.save(10, await localCheckpoint('ten'));
  await database.checkpoints.deleteUnnamed(id);
  const key = `${checkpointPrefix(projectId, job.id, 10, 1)}${manifestName}`;
  const written = JSON.parse(Buffer.from(await objectStore.get(key)).toString()) as object;
  await objectStore.put(key, Buffer.from(JSON.stringify({ ...written, points: [{ step: 1, loss: null }] })));
  await checkpoints.reconcile();
  expect(await steps()).toEqual([10]);
});

it('keeps one checkpoint of a step that two attempts have completed', async () => {
  await checkpoints.save(10, await localCheckpoint('first'));
  const [first] = await database.checkpoints.list(projectId, job.id);
  const zombie = checkpointPrefix(projectId, job.id, 10, 7);
  await objectStore.put(`${zombie}unet/weights.bin`, Buffer.from('late'));
  await objectStore.put(zombie + manifestName, Buffer.from(JSON.stringify({ job_id: job.id, step: 10, files: [] })));
  await checkpoints.reconcile();
  const rows = await database.checkpoints.list(projectId, job.id);
  expect(rows.map(({ objectPrefix }) => objectPrefix)).toEqual([first?.objectPrefix]);
  expect((await storedKeys()).every((key) => key.startsWith('00000010-1/'))).toBe(true);
});

it('uses the checkpoint before a damaged one', async () => {
  await checkpoints.save(10, await localCheckpoint('ten'));
  await checkpoints.save(20, await localCheckpoint('twenty'));
  await objectStore.put(`${checkpointPrefix(projectId, job.id, 20, 1)}unet/weights.bin`, Buffer.from('rotten'));
  expect((await checkpoints.restoreLatest(join(directory, 'damaged', job.id)))?.step).toBe(10);
  await objectStore.delete(`${checkpointPrefix(projectId, job.id, 10, 1)}model_index.json`);
  expect(await checkpoints.restoreLatest(join(directory, 'damaged-twice', job.id))).toBeUndefined();
});

it('replaces a checkpoint that a later attempt writes again, and leaves nothing of the first', async () => {
  await checkpoints.save(10, await localCheckpoint('first'));
  const second = (await database.trainingJobs.claim(job.id)) as TrainingJobRow;
  await new CheckpointStore(second, services).save(10, await localCheckpoint('second'));
  expect(await steps()).toEqual([10]);
  expect((await storedKeys()).every((key) => key.startsWith('00000010-2/'))).toBe(true);
});

it('keeps as many checkpoints as the job asks for', async () => {
  const limited = { ...job, config: { ...job.config, hyperparameters: { ...METHOD_HYPERPARAMETERS, checkpoints_total_limit: 2 } } };
  for (const step of [10, 20, 30]) await new CheckpointStore(limited, services).save(step, await localCheckpoint(String(step)));
  expect(await steps()).toEqual([20, 30]);
  expect((await storedKeys()).filter((key) => key.startsWith('00000010'))).toEqual([]);
});

describe('a store that is not mounted', () => {
  const root = () => join(directory, 'own-objects');
  const away = () => join(directory, 'unmounted');
  let own: ObjectStore;
  let mounted: CheckpointStore;
  beforeAll(async () => {
    const config = { kind: 'files', directory: root() } as const;
    const raw = await createObjectStore(config);
    // the objects of the tests before are in another store
    await clientOf(database).checkpoint.deleteMany({});
    await identifyStore(raw, config, database.installation);
    own = ownObjectStore(raw, config, database.installation);
  });
  beforeEach(() => {
    mounted = new CheckpointStore(job, { ...services, objectStore: own });
  });

  it.each(['', 'readiness'])('does not restart the training, and the job is put back without a setback (%s)', async (leftover) => {
    await mounted.save(10, await localCheckpoint('ten'));
    await rename(root(), away());
    await mkdir(join(root(), leftover), { recursive: true });
    const row = {
      ...({ table: 'training_jobs', queue: 'train', id: job.id, attempt: job.attempt, setbacks: 0 } as const),
      fail: () => Promise.reject(new Error('the job must not fail')),
    };
    const tried = tryRow(row, services, async () => {
      await mounted.reconcile();
      await mounted.restoreLatest(join(directory, 'unmounted-resume', job.id));
      return 'finished';
    });
    const error: unknown = await tried.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreIdentityError);
    expect(isAway(error)).toBe(true);
    expect((await database.trainingJobs.get(job.id))?.status).toBe('validating');
    // The next worker finds no setback: neither a crash nor a failed try.
    expect((await database.trainingJobs.claim(job.id))?.setbacks).toBe(0);
    await expect(mounted.save(20, await localCheckpoint('twenty'))).rejects.toThrow(StoreIdentityError);
    expect(await steps()).toEqual([10]);
    await rm(root(), { recursive: true });
    await rename(away(), root());
    expect((await mounted.restoreLatest(join(directory, 'mounted-resume', job.id)))?.step).toBe(10);
  });
});
