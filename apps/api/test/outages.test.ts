// GET /readyz while Redis hangs or the database refuses: it says so within its deadline, and again when they are back.
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { buildApp } from '@styleforge/api';
import { createQueues, type JobQueues } from '@styleforge/queue';
import { redisMissing, startRedis, warnNotTested } from '@styleforge/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiFixture, startApiFixture } from './api-fixture.ts';

/** Longer than a readiness report is kept for the next caller. */
const STALE_MS = 300;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
});
afterAll(() => api.close());

type App = Pick<ApiFixture['app'], 'inject'>;

async function downOf(app: App): Promise<string[]> {
  const answer = await app.inject('/readyz');
  const { status, dependencies } = answer.json<{ status: string; dependencies: Record<string, { status: string }> }>();
  const down = Object.keys(dependencies).filter((name) => dependencies[name]?.status !== 'up');
  expect([answer.statusCode, status]).toEqual(down.length === 0 ? [200, 'ready'] : [503, 'not_ready']);
  return down;
}

async function untilReady(app: App): Promise<void> {
  const end = Date.now() + 60_000;
  while ((await downOf(app)).length > 0) {
    expect(Date.now()).toBeLessThan(end);
    await sleep(200);
  }
}

describe.skipIf(warnNotTested('an outage of Redis', redisMissing))('Redis', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let queues: JobQueues;
  beforeAll(async () => {
    redis = await startRedis();
    queues = await createQueues({ kind: 'redis', redisUrl: redis.redisUrl }, quiet);
  });
  afterAll(async () => {
    await queues.close();
    await redis.stop();
  });

  it('that accepts connections and answers nothing makes the API not ready until it answers again', async () => {
    const app = await buildApp({ ...api.options, queues });
    await untilReady(app);
    await promisify(execFile)('redis-cli', ['-u', redis.redisUrl, 'client', 'pause', '5000', 'all']);
    await sleep(STALE_MS);
    expect(await downOf(app)).toEqual(['queue']);
    await untilReady(app);
    await app.close();
  });
});

it('a database that lets nobody in makes the API not ready until it does', async () => {
  const name = new URL(api.databaseUrl).pathname.slice(1);
  const admin = new pg.Client({ connectionString: api.databaseUrl.replace(/\/[^/]*$/, '/postgres') });
  await admin.connect();
  await untilReady(api.app);
  await admin.query(`alter database "${name}" allow_connections false`);
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  await sleep(STALE_MS);
  expect(await downOf(api.app)).toEqual(['database', 'migrations']);
  await admin.query(`alter database "${name}" allow_connections true`);
  await admin.end();
  await untilReady(api.app);
});
