// GET /readyz while Redis hangs, the database refuses or the store is not mounted: it says so within its deadline, and again when they are
// back.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { buildApp } from '@styleforge/api';
import { createQueues, type JobQueues } from '@styleforge/queue';
import { createObjectStore, identifyStore, ownObjectStore } from '@styleforge/storage';
import { redisMissing, startRedis, warnNotTested } from '@styleforge/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiFixture, multipartBody, picture, startApiFixture } from '../api-fixture.ts';

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

  it('that accepts connections and never responds makes the API not ready until it responds again', async () => {
    const app = await buildApp({ ...api.options, queues });
    await untilReady(app);
    await promisify(execFile)('redis-cli', ['-u', redis.redisUrl, 'client', 'pause', '5000', 'all']);
    await sleep(STALE_MS);
    expect(await downOf(app)).toEqual(['queue']);
    await untilReady(app);
    await app.close();
  });
});

it('a database that refuses connections makes the API not ready until it accepts them', async () => {
  const name = new URL(api.databaseUrl).pathname.slice(1);
  const admin = new pg.Client({ connectionString: api.databaseUrl.replace(/\/[^/]*$/, '/postgres') });
  await admin.connect();
  await untilReady(api.app);
  await admin.query(`alter database "${name}" allow_connections false`);
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  await sleep(STALE_MS);
  expect(await downOf(api.app)).toEqual(['database', 'migrations']);
  const refused = await api.call('GET', '/v1/datasets');
  expect([refused.status, refused.body['code'], refused.headers['retry-after']]).toEqual([503, 'dependency_unavailable', '5']);
  await admin.query(`alter database "${name}" allow_connections true`);
  await admin.end();
  await untilReady(api.app);
});

it('an unmounted store makes the API not ready, and no image counts as missing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-unmounted-'));
  const [root, away] = [join(directory, 'objects'), join(directory, 'away')];
  const config = { kind: 'files', directory: root } as const;
  const raw = await createObjectStore(config);
  await identifyStore(raw, config, api.database.installation);
  const app = await buildApp({ ...api.options, objectStore: ownObjectStore(raw, config, api.database.installation) });
  const call = async (method: 'GET' | 'POST', url: string, payload?: object, headers: Record<string, string> = {}) => {
    const options = { method, url, headers: { authorization: `Bearer ${api.key}`, ...headers }, ...(payload && { payload }) };
    const answer = await app.inject(options);
    return [answer.statusCode, /json/.test(String(answer.headers['content-type'])) ? answer.json<{ code?: string }>().code : undefined];
  };
  const created = await app.inject({
    method: 'POST',
    url: '/v1/datasets',
    headers: { authorization: `Bearer ${api.key}` },
    payload: { name: 'unmounted', kind: 'style_ref' },
  });
  const { id } = created.json<{ id: string }>();
  const upload = multipartBody([{ file: '1.png', bytes: await picture(1), type: 'image/png' }]);
  expect((await call('POST', `/v1/datasets/${id}/images`, upload.body, upload.headers))[0]).toBe(200);
  await untilReady(app);

  await rename(root, away);
  await mkdir(root);
  await sleep(STALE_MS);
  expect(await downOf(app)).toEqual(['object_store']);
  const [image] = await api.database.images.listByDataset(api.projectId, id);
  const away503 = [503, 'dependency_unavailable'];
  expect(await call('GET', `/v1/images/${image?.id}/thumbnail`)).toEqual(away503);
  const start = { model: 'tiny', prompts: ['a house'], image: image?.id };
  expect(await call('POST', '/v1/images/generations', start)).toEqual(away503);
  expect(await readdir(root)).toEqual([]);
  expect(await call('POST', `/v1/datasets/${id}/images`, upload.body, upload.headers)).toEqual(away503);

  await rm(root, { recursive: true });
  await rename(away, root);
  await untilReady(app);
  await app.close();
  await rm(directory, { recursive: true });
});
