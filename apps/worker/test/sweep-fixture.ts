// A project with a job, its checkpoints and images, in a database and in a store, for the tests of the sweep.
import { clientOf } from '@styleforge/database/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@styleforge/config';
import { type TrainingConfig } from '@styleforge/contracts';
import { checkpointPrefix, createObjectStore, installationKey, type ObjectStore, validationImageKey } from '@styleforge/storage';
import { startFauxS3, startTestDatabase, type TestDatabase, type TestS3Server, trainingConfig } from '@styleforge/testing';
import { createLogger, type SweepServices } from '@styleforge/worker';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const STORES = ['files', 's3'] as const;

export let fixture: TestDatabase;
let directory: string;
let s3: TestS3Server;
let kind: (typeof STORES)[number];
export let store: ObjectStore;
export let services: SweepServices;
export let projectId: string;
export let jobId: string;
let result: string;
export let config: TrainingConfig;

export async function setUp(): Promise<void> {
  fixture = await startTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'styleforge-sweep-'));
  s3 = await startFauxS3();
}

export async function tearDown(): Promise<void> {
  await s3.stop();
  await fixture.close();
  await rm(directory, { recursive: true, force: true });
}

export async function openStore(of: typeof kind): Promise<void> {
  kind = of;
  store = await (kind === 'files'
    ? createObjectStore({ kind: 'files', directory: join(directory, 'objects') })
    : createObjectStore({ kind: 's3', ...s3.settings, prefix: 'one' }));
}

export const putIdentity = async (into: ObjectStore) => {
  const { id } = await fixture.database.installation.read();
  await into.put(installationKey, Buffer.from(JSON.stringify({ installation: id })));
};
/** Another store, as where a volume is not mounted or a prefix is wrong: empty but for what the test puts there. */
export const otherStore = (name: string) =>
  kind === 'files'
    ? createObjectStore({ kind: 'files', directory: join(directory, name) })
    : createObjectStore({ kind: 's3', ...s3.settings, prefix: name });
export const age = (hours: number): Promise<unknown> => {
  const createdAt = new Date(Date.now() - hours * HOUR_MS);
  const prisma = clientOf(fixture.database);
  return Promise.all([
    prisma.checkpoint.updateMany({ data: { createdAt } }),
    prisma.validationImage.updateMany({ data: { createdAt } }),
    prisma.generatedImage.updateMany({ data: { createdAt } }),
  ]);
};
export async function rowCounts() {
  const prisma = clientOf(fixture.database);
  return [await prisma.checkpoint.count(), await prisma.validationImage.count(), await prisma.generatedImage.count()];
}

export const put = (key: string) => store.put(key, Buffer.from(key));
export async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(`projects/${projectId}/`)) found.push(key.slice(`projects/${projectId}/`.length));
  return found;
}

export async function saveCheckpoint(step: number): Promise<string> {
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

/** One job with three checkpoints and an image; other projects and objects of earlier tests are removed. */
export async function fill(): Promise<void> {
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
}

export const finish = (daysAgo: number): Promise<unknown> =>
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
export const steps = async () => (await fixture.database.checkpoints.list(projectId, jobId)).map(({ step }) => step);
