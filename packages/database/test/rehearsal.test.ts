// The rehearsal of a submission on all connections, before requests arrive: it stores nothing, and the statements are prepared.
import { createDatabase } from '@styleforge/database';
import { clientOf } from '@styleforge/database/testing';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';

const CONNECTIONS = 4;
let fixture: TestDatabase;
beforeAll(async () => {
  fixture = await startTestDatabase();
});
afterAll(() => fixture.close());

function openDatabase(url: string) {
  const database = createDatabase(url, { maxConnections: CONNECTIONS, keepsConnections: true });
  onTestFinished(() => database.close());
  return database;
}

async function rowCounts(): Promise<unknown> {
  const prisma = clientOf(fixture.database);
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' order by 1`;
  const counts = tables.map(({ name }) => `(select count(*)::int from "${name}") as "${name}"`);
  return (await prisma.$queryRawUnsafe<unknown[]>(`select ${counts.join(', ')}`))[0];
}

it('prepares the statements of submissions and polls on every connection, and stores nothing', async () => {
  const heard: string[] = [];
  const listener = await fixture.database.listen(
    'styleforge_outbox',
    (payload) => void (payload !== '' && heard.push(payload)),
    () => undefined,
  );
  onTestFinished(() => listener.stop());
  const before = await rowCounts();
  const database = openDatabase(fixture.databaseUrl);
  await database.rehearse();
  expect(await rowCounts()).toEqual(before);
  expect(database.connections()).toEqual({ open: CONNECTIONS, idle: CONNECTIONS, waiting: 0 });
  const prepared = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const [row] = await clientOf(database).$queryRaw<{ pid: number; names: string[] }[]>`
        select pg_backend_pid() as pid, (select array_agg(name) from pg_prepared_statements) as names, pg_sleep(0.3)::text`;
      return row!;
    }),
  );
  expect(new Set(prepared.map(({ pid }) => pid)).size).toBe(CONNECTIONS);
  for (const { names } of prepared)
    expect(names).toEqual(
      expect.arrayContaining([
        'begin_idempotency_key',
        'datasets_for_training',
        'queue_training_jobs',
        'list_job_costs',
        'complete_idempotency_key',
        'poll_training_jobs',
      ]),
    );
  const { projectId } = await database.apiKeys.createProject('real');
  const { id } = await database.datasets.create(projectId, { name: 'real', kind: 'style_ref' });
  const job = await database.trainingJobs.create({ projectId, config: trainingConfig(id) });
  expect(job).toMatchObject({ status: 'queued', position: 0 });
  await expect.poll(() => heard).toEqual(['train']);
});

it('fails without tables, and leaves no connection in a transaction', async () => {
  const database = openDatabase(new URL('/template1', fixture.databaseUrl).href);
  await expect(database.rehearse()).rejects.toThrow('projects');
  const { open, idle } = database.connections();
  expect(idle).toBe(open);
  await expect(database.ping()).resolves.toBeUndefined();
});
