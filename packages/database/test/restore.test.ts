// The statement that the operating guide gives for a restored database puts every unfinished piece of work back into the outbox, once.
import { readFile } from 'node:fs/promises';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let fixture: TestDatabase;

beforeAll(async () => {
  fixture = await startTestDatabase();
});
afterAll(() => fixture.close());

it('docs/operations.md restores the messages that the service itself wrote', async () => {
  const { prisma, apiKeys, datasets, trainingJobs, webhooks } = fixture.database;
  const { projectId } = await apiKeys.createProject('test');
  const { id: datasetId } = await datasets.create(projectId, { name: 'emoji', kind: 'style_ref' });
  await webhooks.create({ projectId, url: 'https://example.com/hook', events: ['training_job.cancelled'] });
  const config = trainingConfig(datasetId);
  const waiting = await trainingJobs.create({ projectId, config, priority: 'high' });
  const running = await trainingJobs.create({ projectId, config });
  const ended = await trainingJobs.create({ projectId, config });
  await trainingJobs.claim(running!.id);
  // Its row is final, and its webhook is still to be sent.
  await trainingJobs.requestCancel(projectId, ended!.id);
  const messages = async () => {
    const rows = await prisma.outboxMessage.findMany({
      select: { topic: true, key: true, payload: true, priority: true, projectId: true },
      orderBy: { key: 'asc' },
    });
    // Which request a message came from is lost.
    return rows.map(({ payload, ...row }) => ({ ...row, payload: { ...(payload as object), origin: undefined } }));
  };
  const before = await messages();
  expect(before.map(({ topic }) => topic).sort()).toEqual(['train', 'train', 'webhook']);

  const guide = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const statement = /```sql\n(.*?)```/s.exec(guide)![1]!;
  await prisma.outboxMessage.deleteMany({ where: { key: { not: waiting!.id } } });
  for (let time = 0; time < 2; time++) await prisma.$executeRawUnsafe(statement);
  expect(await messages()).toEqual(before);
});
