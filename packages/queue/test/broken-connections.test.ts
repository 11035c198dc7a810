// The server ends every connection of the queue in Postgres, idle ones and the listening one: no process ends and no job is lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { createConsumer } from '@styleforge/queue';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { quiet, type QueueFixture, startQueueFixture, until } from './queue-fixture.ts';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await startQueueFixture('postgres');
});
afterAll(() => fixture.close());

it('ends neither the process nor a job', async () => {
  const seen: string[] = [];
  const consumer = await createConsumer(fixture.connection, {
    name: 'generate',
    concurrency: 2,
    log: quiet,
    async handle({ generationId }) {
      seen.push(generationId);
      return 'finished';
    },
  });
  const admin = new pg.Client({ connectionString: fixture.databaseUrl });
  await admin.connect();
  const ends =
    'select count(pg_terminate_backend(pid))::int as ended from pg_stat_activity where datname = ' +
    'current_database() and pid <> pg_backend_pid()';
  for (const round of [1, 2, 3]) {
    const id = `gen_broken_${round}`;
    const { rows } = await admin.query<{ ended: number }>(ends);
    expect(rows[0]?.ended).toBeGreaterThan(0);
    // An error without a listener would end this process, which Vitest reports.
    for (let isSent = false; !isSent; await sleep(100))
      isSent = await fixture.queues.enqueue('generate', [{ id, payload: { generationId: id } }]).then(
        () => true,
        () => false,
      );
    await until(() => seen.includes(id));
  }
  await admin.end();
  await consumer.close(1_000);
  expect([...new Set(seen)]).toHaveLength(3);
}, 120_000);
