// Workers, queues, the state of the installation and usage, over HTTP.
import { clientOf } from '@styleforge/database/testing';
import type { DatasetBody, QueueReportBody, SystemReportBody, TrainingJobBody, UsageReportBody, WorkerBody } from '@styleforge/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { jobRequest, workerFacts } from '../seeded-project.ts';

let api: ApiFixture;
let admin: string;
let dataset: string;
beforeAll(async () => {
  api = await startApiFixture();
  admin = (await api.database.apiKeys.create(api.projectId, 'admin', ['admin'])).key;
  dataset = await createDataset(api, 'style_ref', [{ seeds: [1, 2, 3] }]);
});
afterAll(() => api.close());

const createJob = async (key = api.key, datasetId = dataset) =>
  (await api.call<TrainingJobBody>('POST', '/v1/training-jobs', { key, body: jobRequest(datasetId) })).body.id;

it("shows workers with their machine and their jobs, without the ids of other projects' jobs", async () => {
  const { workers } = api.database;
  const job = await createJob();
  const facts = workerFacts({ device: 'cuda', deviceName: 'NVIDIA L4', deviceMemoryBytes: 24e9 });
  const id = await workers.register(facts);
  const since = new Date().toISOString();
  const running = [
    { queue: 'train', id: job, since },
    { queue: 'generate', id: 'gen_of_somebody_else', since },
  ];
  await workers.beat(id, facts, { running, cards: [{ temperatureCelsius: 45, loadPercent: 86, powerWatts: null, memoryUsedBytes: 7e9 }] });
  const read = async () => (await api.call<WorkerBody>('GET', `/v1/workers/${id}`)).body;
  expect(await read()).toMatchObject({
    id,
    status: 'working',
    host: 'box',
    pid: 7,
    device: {
      ...{ kind: 'cuda', name: 'NVIDIA L4', memory_bytes: 24e9 },
      cards: [{ temperature_celsius: 45, load_percent: 86, power_watts: null, memory_used_bytes: 7e9 }],
    },
    versions: { styleforge: '0.1.0', node: '22.0.0', platform: 'linux-x64' },
    queues: { train: 1, generate: 2 },
    jobs: [
      { queue: 'train', id: job, since },
      { queue: 'generate', id: null, since },
    ],
  });
  expect((await api.call('POST', `/v1/workers/${id}/drain`)).body).toMatchObject({ status: 403, code: 'insufficient_scope' });
  const drained = await api.call<WorkerBody>('POST', `/v1/workers/${id}/drain`, { key: admin });
  expect([drained.status, drained.body.status]).toEqual([200, 'draining']);
  const { body: again } = await api.call<WorkerBody>('POST', `/v1/workers/${id}/drain`, { key: admin });
  expect(again.drain_requested_at).toBe(drained.body.drain_requested_at);
  expect(await workers.beat(id, facts, { running: [] })).toEqual({ drain: true });
  expect((await read()).status).toBe('drained');
  const { body: undrained } = await api.call<WorkerBody>('POST', `/v1/workers/${id}/undrain`, { key: admin });
  expect([undrained.status, undrained.drain_requested_at]).toEqual(['idle', null]);
  await workers.stopped(id);
  expect((await read()).device.cards).toBeNull();
  const listed = async (query = '') =>
    (await api.call<{ data: WorkerBody[] }>('GET', `/v1/workers${query}`)).body.data.map((row) => row.id);
  expect(await listed()).not.toContain(id);
  expect(await listed('?gone=true')).toContain(id);
  expect((await api.call('GET', '/v1/workers/wrk_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70')).status).toBe(404);
});

it("shows the length of the queues, the workers of each, and the project's waiting jobs", async () => {
  await clientOf(api.database).worker.deleteMany();
  const { projectId: other } = await api.database.apiKeys.createProject('other');
  const { key } = await api.database.apiKeys.create(other, 'other');
  const foreign = await createDataset({ ...api, call: (method, url, options) => api.call(method, url, { ...options, key }) }, 'style_ref', [
    { seeds: [1, 2, 3] },
  ]);
  const queue = async () => (await api.call<QueueReportBody>('GET', '/v1/queue')).body;
  const before = (await queue()).queues.find((entry) => entry.queue === 'train');
  expect(before).toMatchObject({ workers: 0, slots: 0 });
  const foreignJob = await createJob(key, foreign);
  const own = await createJob();
  const { workers } = api.database;
  await workers.register(workerFacts({ queues: { train: 2, evaluate: 1 } }));
  const drained = await workers.register(workerFacts());
  await workers.setDrain(drained, true);
  const report = await queue();
  expect(report.queues.map((entry) => entry.queue)).toEqual(['train', 'generate', 'evaluate', 'export']);
  expect(report.queues[0]).toMatchObject({
    waiting: (before?.waiting ?? 0) + 2,
    own_waiting: (before?.own_waiting ?? 0) + 1,
    oldest_waiting_since: expect.any(String) as string,
    workers: 1,
    slots: 2,
  });
  const names = report.next.map(({ id }) => id);
  expect(names).toContain(own);
  expect(names).not.toContain(foreignJob);
  expect(report.next.find(({ id }) => id === own)).toMatchObject({
    queue: 'train',
    priority: 'normal',
    position: expect.any(Number) as number,
  });
  await api.database.trainingJobs.claim(own);
  expect((await queue()).queues[0]).toMatchObject({ own_waiting: before?.own_waiting, own_running: (before?.own_running ?? 0) + 1 });
});

it('shows the state of the installation', async () => {
  await clientOf(api.database).worker.deleteMany();
  await api.database.workers.register(workerFacts({ device: 'webgpu' }));
  const { body } = await api.call<SystemReportBody>('GET', '/v1/system');
  expect(body).toMatchObject({
    status: 'ready',
    dependencies: { database: { status: 'up' }, object_store: { status: 'up' } },
    base_models: ['tiny'],
    workers: { live: 1, working: 0, draining: 0, lost: 0 },
    devices: { webgpu: 1 },
    versions: { '0.1.0': 1 },
  });
});

const NOTHING_STORED = { total_bytes: 0, datasets_bytes: 0, checkpoints_bytes: 0, adapters_bytes: 0, images_bytes: 0, exports_bytes: 0 };

it('counts what jobs use, and adds it up by month', async () => {
  const { usage } = api.database;
  const job = await createJob();
  const read = async () => (await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${job}`)).body.usage;
  expect(await read()).toEqual({ device_seconds: 0, steps: 0, images: 0 });
  const subject = { projectId: api.projectId, kind: 'training_job', subjectId: job, device: 'cuda' } as const;
  await usage.add(subject, { deviceSeconds: 12.34, steps: 40, images: 3 });
  await usage.add(subject, { deviceSeconds: 1, steps: 2, images: 0 });
  await usage.add({ ...subject, kind: 'generation', subjectId: 'gen_1', device: 'cpu' }, { deviceSeconds: 2, steps: 0, images: 5 });
  expect(await read()).toEqual({ device_seconds: 13.3, steps: 42, images: 3 });
  await clientOf(api.database).trainingJob.delete({ where: { id: job } });
  const month = new Date().toISOString().slice(0, 7);
  const datasets = await api.call<{ data: DatasetBody[] }>('GET', '/v1/datasets?limit=100');
  const uploaded = datasets.body.data.reduce((sum, { size_bytes: size }) => sum + size, 0);
  expect(uploaded).toBeGreaterThan(0);
  const { body } = await api.call<UsageReportBody>('GET', '/v1/usage');
  expect(body).toEqual({
    month,
    total: { device_seconds: 15.3, steps: 42, images: 8 },
    by_kind: [
      { kind: 'generation', device: 'cpu', device_seconds: 2, steps: 0, images: 5 },
      { kind: 'training_job', device: 'cuda', device_seconds: 13.3, steps: 42, images: 3 },
    ],
    storage: { ...NOTHING_STORED, total_bytes: uploaded, datasets_bytes: uploaded },
    by_day: [{ day: new Date().toISOString().slice(0, 10), device_seconds: 15.3, steps: 42, images: 8 }],
  });
  expect((await api.call<UsageReportBody>('GET', '/v1/usage?month=2001-12')).body).toMatchObject({ month: '2001-12', by_kind: [] });
  expect((await api.call('GET', '/v1/usage?month=2001-13')).body).toMatchObject({ status: 422, errors: [{ pointer: '/month' }] });
  const { projectId } = await api.database.apiKeys.createProject('third');
  const { key } = await api.database.apiKeys.create(projectId, 'third');
  const { body: other } = await api.call<UsageReportBody>('GET', '/v1/usage', { key });
  expect(other).toMatchObject({ total: { device_seconds: 0, steps: 0, images: 0 }, storage: NOTHING_STORED });
});
