// The counts of queued jobs and waiting messages equal the numbers of rows, whatever happens at the same time.
import { newId } from '@styleforge/database';
import { clientOf } from '@styleforge/database/testing';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let fixture: TestDatabase;
beforeAll(async () => {
  fixture = await startTestDatabase();
});
afterAll(() => fixture.close());

type Count = { kind: string; projectId: string; priority: number; amount: number };

const kept = () =>
  clientOf(fixture.database).$queryRaw<Count[]>`
    select kind, project_id as "projectId", priority, sum(amount)::int as amount from queue_counts group by 1, 2, 3 having sum(amount) <> 0 order by 1, 2, 3`;
const counted = () =>
  clientOf(fixture.database).$queryRaw<Count[]>`
    select 'queued_job' as kind, project_id as "projectId", priority, count(*)::int as amount from training_jobs where status = 'queued' group by 1, 2, 3
    union all
    select 'train_message', project_id, priority, count(*)::int from outbox where topic = 'train' and parked_at is null group by 1, 2, 3
    order by 1, 2, 3`;

async function makeProject(): Promise<{ projectId: string; datasetId: string }> {
  const { projectId } = await fixture.database.apiKeys.createProject('counts');
  const { id: datasetId } = await fixture.database.datasets.create(projectId, { name: 'counts', kind: 'style_ref' });
  return { projectId, datasetId };
}

/** Creates one job, and changes it as its number says. */
async function live(project: { projectId: string; datasetId: string }, number: number): Promise<void> {
  const { trainingJobs, outbox } = fixture.database;
  const { projectId, datasetId } = project;
  const prisma = clientOf(fixture.database);
  const priority = (['low', 'normal', 'high'] as const)[number % 3]!;
  const job = await trainingJobs.create({ projectId, config: trainingConfig(datasetId), priority });
  const key = job?.id ?? '';
  const message = { where: { topic: 'train', key } };
  const fates = [
    () => trainingJobs.requestCancel(projectId, key),
    () => trainingJobs.claim(key),
    () => outbox.release({ topic: 'train', room: async () => 2, publish: async () => undefined }),
    () => prisma.outboxMessage.updateMany({ ...message, data: { parkedAt: new Date() } }),
    () => prisma.outboxMessage.updateMany({ ...message, data: { priority: 1 } }),
    () => trainingJobs.annotate(projectId, key, { starred: true }),
    () => prisma.trainingJob.deleteMany({ where: { id: key } }),
    async () => {
      await trainingJobs.requestPause(projectId, key);
      await trainingJobs.resume(projectId, key);
    },
  ];
  await fates[Math.floor(number / 3) % fates.length]!();
}

it('keeps the counts right while many transactions change the same project', async () => {
  const projects = [await makeProject(), await makeProject()];
  const lives = Array.from({ length: 96 }, (_, number) => live(projects[Math.floor(number / 48)]!, number));
  await Promise.all(lives);
  const counts = await counted();
  expect(counts.length).toBeGreaterThan(6);
  expect(await kept()).toEqual(counts);
});

it('undoes what a rolled back transaction has counted', async () => {
  const { projectId, datasetId } = await makeProject();
  const { studies } = fixture.database;
  const config = trainingConfig(datasetId);
  const gone = trainingConfig(newId('dataset'));
  const variations = [config, config, gone].map((one, index) => ({
    name: `v${index}`,
    jobName: `v${index}`,
    changes: {},
    config: one,
    metadata: {},
  }));
  expect(await studies.create({ projectId, name: 'one is gone', variations })).toBeNull();
  expect((await kept()).filter((count) => count.projectId === projectId)).toEqual([]);
});

it('leaves no rows if nothing of a project is queued any more', async () => {
  const { trainingJobs } = fixture.database;
  const { projectId, datasetId } = await makeProject();
  const jobs = await Promise.all(Array.from({ length: 12 }, () => trainingJobs.create({ projectId, config: trainingConfig(datasetId) })));
  expect(await trainingJobs.countQueued(projectId, 'normal')).toBe(12);
  expect(await trainingJobs.countQueued(projectId, 'high')).toBe(0);
  await Promise.all(jobs.map((job) => trainingJobs.requestCancel(projectId, job!.id)));
  // Rows that others held at that moment are put together by the next decrease.
  const last = await trainingJobs.create({ projectId, config: trainingConfig(datasetId) });
  await trainingJobs.requestCancel(projectId, last!.id);
  expect(await clientOf(fixture.database).queueCount.count({ where: { projectId } })).toBe(0);
});

it('counts everything again on request', async () => {
  const { projectId, datasetId } = await makeProject();
  await fixture.database.trainingJobs.create({ projectId, config: trainingConfig(datasetId) });
  const prisma = clientOf(fixture.database);
  await prisma.queueCount.updateMany({ where: { projectId }, data: { amount: 7 } });
  expect(await kept()).not.toEqual(await counted());
  await prisma.$executeRaw`select count_queue_again()`;
  expect(await kept()).toEqual(await counted());
});
