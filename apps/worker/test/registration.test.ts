// A worker's own row in a real database: who it is, what it does, the wish to drain; and the seconds that its work is charged.
import { clientOf } from '@styleforge/database/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { workerStatusOf } from '@styleforge/contracts';
import { startTestDatabase, type TestDatabase } from '@styleforge/testing';
import { createLogger, DeviceClock, DevicePool, metered, parseNvidiaFacts, Registration, together } from '@styleforge/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';

let fixture: TestDatabase;
beforeAll(async () => {
  fixture = await startTestDatabase();
});
afterAll(() => fixture.close());

const log = createLogger('silent');

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) if (await isSo()) return;
  throw new Error('it did not come to that within a minute');
}

const reading = { temperatureCelsius: 45, loadPercent: 86, powerWatts: 176.98, memoryUsedBytes: null };

it('shows what the worker does, drains it, and finally says that it has stopped', async () => {
  const running: { id: string; since: Date }[] = [];
  const drains: boolean[] = [];
  const busy: boolean[] = [];
  const consumer = {
    running: () => running,
    drain: async (on: boolean) => void drains.push(on),
    close: async () => undefined,
  };
  const { workers } = fixture.database;
  const registration = await Registration.start({
    database: fixture.database,
    device: 'cpu',
    facts: { name: 'a processor', memoryBytes: 2 ** 34 },
    cards: () => [reading],
    queues: { train: 1 },
    consumers: new Map([
      ['train', consumer],
      ['webhook', { ...consumer, running: () => [{ id: 'whd_1', since: new Date() }] }],
    ]),
    log,
    onBusy: (isBusy) => void busy.push(isBusy),
  });
  const { id } = registration;
  const row = async () => {
    const found = await workers.find(id);
    if (found === null) throw new Error('the row is gone');
    return found;
  };
  expect(await row()).toMatchObject({ pid: process.pid, device: 'cpu', deviceName: expect.any(String) as string, queues: { train: 1 } });
  expect((await row()).deviceMemoryBytes).toBeGreaterThan(1e8);
  expect(workerStatusOf(await row())).toBe('idle');
  running.push({ id: 'job_1', since: new Date() });
  await until(async () => workerStatusOf(await row()) === 'working');
  expect((await row()).running).toMatchObject([{ queue: 'train', id: 'job_1' }]);
  expect((await row()).cards).toEqual([reading]);
  expect(busy).toEqual([true]);
  await workers.setDrain(id, true);
  expect(workerStatusOf(await row())).toBe('draining');
  await until(async () => drains.length > 0);
  running.pop();
  await until(async () => workerStatusOf(await row()) === 'drained');
  await workers.setDrain(id, false);
  await until(async () => drains.length === 4);
  // One for each consumer.
  expect(drains).toEqual([true, true, false, false]);
  expect(busy).toEqual([true, false]);
  await clientOf(fixture.database).worker.delete({ where: { id } });
  await until(async () => (await workers.find(id)) !== null);
  await registration.stopping();
  expect(workerStatusOf(await row())).toBe('stopping');
  await registration.stop();
  expect(workerStatusOf(await row())).toBe('stopped');
  expect(await workers.list({ gone: false, since: new Date(0) }, { limit: 10 })).toMatchObject({ rows: [] });
  expect(await workers.list({ gone: true, since: new Date(0) }, { limit: 10 })).toMatchObject({ rows: [{ id }] });
});

it('treats a silent worker as lost, and removes a killed one from the list after a week', async () => {
  const { workers } = fixture.database;
  const facts = {
    host: 'gone',
    pid: 1,
    version: '1',
    nodeVersion: '1',
    platform: 'x',
    device: 'cuda',
    deviceName: null,
    deviceMemoryBytes: null,
  };
  const id = await workers.register({ ...facts, queues: {} });
  const silentFor = (seconds: number) =>
    clientOf(fixture.database).worker.update({ where: { id }, data: { lastSeenAt: new Date(Date.now() - seconds * 1000) } });
  await silentFor(29);
  const statusOf = async () => {
    const row = await workers.find(id);
    return row && workerStatusOf(row);
  };
  expect(await statusOf()).toBe('idle');
  await silentFor(31);
  expect(await statusOf()).toBe('lost');
  await silentFor(8 * 86_400);
  await workers.register({ ...facts, queues: {} });
  expect(await workers.find(id)).toBeNull();
});

it('divides the seconds of its device between everything that runs at the same time', () => {
  let now = 0;
  const clock = new DeviceClock(() => now);
  now = 5_000;
  const first = clock.begin();
  now = 9_000;
  const second = clock.begin();
  now = 11_000;
  expect([first.take(), second.take()]).toEqual([5, 1]);
  now = 12_000;
  expect(second.end()).toBe(0.5);
  now = 15_000;
  expect([first.end(), first.take(), second.take()]).toEqual([3.5, 0, 0]);
});

it('counts every device of a worker with several', () => {
  let now = 0;
  const clock = new DeviceClock(() => now, 2);
  const onOne = clock.begin();
  now = 1_000;
  expect(onOne.take()).toBe(1);
  const onBoth = clock.begin(2);
  now = 4_000;
  // three wanted, two there
  expect([onOne.end(), onBoth.take()]).toEqual([2, 4]);
  now = 5_000;
  expect(onBoth.end()).toBe(2);
});

it('gives each job the device with the least work, or several', () => {
  const pool = new DevicePool(['cuda', 'cuda:1', 'cuda:2']);
  const first = pool.take();
  const second = pool.take();
  expect([first.devices, second.devices]).toEqual([['cuda'], ['cuda:1']]);
  first.release();
  first.release();
  expect(pool.take(2).devices).toEqual(['cuda', 'cuda:2']);
  expect(pool.take(9).devices).toEqual(['cuda', 'cuda:1', 'cuda:2']);
});

it('describes several cards in one line, with the memory of the smallest', () => {
  const [large, small] = [
    { name: 'NVIDIA H100', memoryBytes: 85e9 },
    { name: 'NVIDIA L4', memoryBytes: 24e9 },
  ];
  expect(together([large])).toEqual(large);
  expect(together([large, large, small])).toEqual({ name: '2 x NVIDIA H100, NVIDIA L4', memoryBytes: 24e9 });
  expect(together([{ name: null, memoryBytes: null }])).toEqual({ name: null, memoryBytes: null });
});

it('adds up what work uses, and adds a record that could not be written to the next one', async () => {
  const { database } = fixture;
  const { projectId } = await database.apiKeys.createProject('used');
  const subject = { projectId, kind: 'training_job', subjectId: 'job_used', device: 'cpu' } as const;
  let fails = true;
  const usage = {
    ...database.usage,
    add: async (...values: Parameters<typeof database.usage.add>) => {
      if (fails) throw new Error('away');
      return database.usage.add(...values);
    },
  };
  const clock = new DeviceClock();
  const services = { database: { usage }, deviceClock: clock, log };
  await metered(subject, services, async (counted) => {
    counted.usage.steps(2);
    await sleep(120);
  });
  expect((await database.usage.bySubject(['job_used'])).size).toBe(0);
  fails = false;
  await expect(
    metered(subject, services, async (counted) => {
      counted.usage.steps(3);
      counted.usage.images(4);
      await sleep(120);
      throw new Error('the job failed');
    }),
  ).rejects.toThrow('the job failed');
  await metered(subject, services, async (counted) => counted.usage.steps(1));
  const used = (await database.usage.bySubject(['job_used'])).get('job_used');
  expect(used).toMatchObject({ steps: 4, images: 4 });
  expect(used?.deviceSeconds).toBeGreaterThan(0.1);
  const today = new Date().toISOString().slice(0, 10);
  const { sums, days } = await database.usage.between(projectId, today, '2999-01-01');
  expect(sums).toMatchObject([{ kind: 'training_job', device: 'cpu', steps: 4 }]);
  expect(days).toMatchObject([{ day: today, images: 4 }]);
});

it('reads the name and memory of a card from nvidia-smi', () => {
  expect(parseNvidiaFacts('NVIDIA L4, 23034\n')).toEqual({ name: 'NVIDIA L4', memoryBytes: 23034 * 2 ** 20 });
  expect(parseNvidiaFacts('No devices were found\n')).toEqual({ name: null, memoryBytes: null });
});
