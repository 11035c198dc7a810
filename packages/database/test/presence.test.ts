// Effects of presence: keys are remembered until they are revoked, and the idempotency keys of a dead process are released.
import { clientOf } from '@styleforge/database/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database, isDatabaseAway } from '@styleforge/database';
import { startTestDatabase, type TestDatabase } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const never = (error: unknown): never => {
  throw error;
};
let fixture: TestDatabase;
let projectId: string;
const statements: string[] = [];
let other: Database;
beforeAll(async () => {
  fixture = await startTestDatabase();
  ({ projectId } = await fixture.database.apiKeys.createProject('test'));
  other = createDatabase(fixture.databaseUrl, { maxConnections: 2, onQuery: (statement) => statements.push(statement) });
});
afterAll(async () => {
  await other.close();
  await fixture.close();
});

describe('API keys', () => {
  it('are looked up once, and refused after another process has revoked them', async () => {
    const presence = await other.bePresent(never);
    const { key, keyId } = await fixture.database.apiKeys.create(projectId, 'test');
    expect(other.apiKeys.isRemembered(key)).toBe(false);
    const identity = await other.apiKeys.identify(key);
    statements.length = 0;
    for (let again = 0; again < 100; again += 1) expect(await other.apiKeys.identify(key)).toEqual(identity);
    expect(statements).toEqual([]);
    await fixture.database.apiKeys.revoke(keyId);
    // Less than the time for which a key is remembered without notifications.
    await expect.poll(() => other.apiKeys.identify(key), { timeout: 5_000, interval: 20 }).toBeNull();
    await presence.stop();
  });

  it('are looked up every time if nobody listens for changes', async () => {
    const { key, keyId } = await fixture.database.apiKeys.create(projectId, 'test');
    expect(await other.apiKeys.identify(key)).not.toBeNull();
    await fixture.database.apiKeys.revoke(keyId);
    expect(await other.apiKeys.identify(key)).toBeNull();
  });
});

describe('an idempotency key', () => {
  const begin = (database: Database, key: string) => database.idempotencyKeys.begin(projectId, key, 'hash', 60_000);

  it('is free within seconds after the process of its request has ended, and keeps the reserved id', async () => {
    const presence = await other.bePresent(never);
    const first = await begin(other, 'orphaned');
    await sleep(4_000);
    expect(await begin(fixture.database, 'orphaned')).toEqual({ kind: 'in_progress' });
    await presence.stop();
    await expect
      .poll(() => begin(fixture.database, 'orphaned'), { timeout: 10_000 })
      .toMatchObject({ kind: 'run', reservedUuid: first.kind === 'run' && first.reservedUuid });
  });

  it('stays with a process whose connection has broken', async () => {
    const presence = await other.bePresent(() => undefined);
    await begin(other, 'kept');
    await clientOf(fixture.database).$queryRaw`
      select pg_terminate_backend(pid)::text from pg_locks where locktype = 'advisory' and classid = 83416208`;
    for (let look = 0; look < 12; look += 1) {
      expect(await begin(fixture.database, 'kept')).toEqual({ kind: 'in_progress' });
      await sleep(500);
    }
    await presence.stop();
  });
});

describe('work for one process at a time', () => {
  it('continues after a broken connection, and reports afterwards that another process may have run', async () => {
    let done = false;
    const exclusive = fixture.database.exclusively('broken', async () => {
      await clientOf(fixture.database).$executeRaw`
        select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid is not null
          and pid in (select pid from pg_stat_activity where query like '%pg_try_advisory_lock%' and pid <> pg_backend_pid())`;
      await sleep(200);
      done = true;
    });
    const error: unknown = await exclusive.catch((reason: unknown) => reason);
    expect([done, isDatabaseAway(error)]).toEqual([true, true]);
    expect(await fixture.database.exclusively('broken', async () => 'again')).toBe('again');
  });
});
