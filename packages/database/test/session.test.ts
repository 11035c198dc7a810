// Servers whose databases preset another time zone or another format of dates, as servers outside the project often do.
import { createDatabase, type Database, migrate, newId } from '@styleforge/database';
import { clientOf } from '@styleforge/database/testing';
import { startTestDatabase, type TestDatabase } from '@styleforge/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

let test: TestDatabase;
let administrator: pg.Client;
let database: Database | undefined;
beforeAll(async () => {
  test = await startTestDatabase();
  administrator = new pg.Client({ connectionString: test.databaseUrl });
  await administrator.connect();
});
afterEach(() => database?.close());
afterAll(async () => {
  await administrator.end();
  await test.close();
});

async function preset(setting: string): Promise<Database> {
  await administrator.query(`alter database styleforge set ${setting}`);
  return createDatabase(test.databaseUrl);
}
const MINUTE = 60_000;

describe.each(["timezone to 'Asia/Tokyo'", "datestyle to 'German, DMY'", "datestyle to 'SQL, MDY'"])('a database with %s', (setting) => {
  it('returns the times that were written, by the server and by the caller', async () => {
    database = await preset(setting);
    const prisma = clientOf(database);
    const expiresAt = new Date('2031-02-03T04:05:06.789Z');
    const project = await prisma.project.create({ data: { id: newId('project'), name: newId('project') } });
    const key = { id: newId('apiKey'), projectId: project.id, name: 'key', keyHint: 'sf_test', keyHash: newId('apiKey'), expiresAt };
    const written = await prisma.apiKey.create({ data: { ...key, scopes: ['read'] } });
    expect(written.expiresAt).toEqual(expiresAt);
    expect(Math.abs(project.createdAt.getTime() - Date.now())).toBeLessThan(MINUTE);
    const [row] = await prisma.$queryRaw<{ now: Date; same: boolean }[]>`
      select now() as now, expires_at = ${expiresAt.toISOString()}::timestamptz as same from api_keys where id = ${key.id}`;
    expect(row?.same).toBe(true);
    expect(Math.abs((row?.now.getTime() ?? 0) - Date.now())).toBeLessThan(MINUTE);
  });
});

it('transactions are those of read committed, and float numbers have all their digits, whatever is preset', async () => {
  await administrator.query("alter database styleforge set default_transaction_isolation to 'serializable'");
  database = await preset('extra_float_digits to 0');
  const [row] = await clientOf(database).$queryRaw<{ level: string; third: string }[]>`
    select current_setting('transaction_isolation') as level, (1::float8 / 3)::text as third`;
  expect(row).toEqual({ level: 'read committed', third: '0.3333333333333333' });
  expect(await migrate(test.databaseUrl)).toEqual([]);
});
