// Migrations on a real Postgres: they create the tables of schema.prisma once, also when many processes migrate at the same time.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { diffSchemas, listMigrations, migrate, migrationsDirectory, readMigratedSchema, schemaFile } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';
import type { EmbeddedPostgres } from '@styleforge/stack';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let directory: string;
let postgres: EmbeddedPostgres;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'styleforge-migrations-'));
  postgres = await startEmbeddedPostgres({ directory: path.join(directory, 'postgres') });
});
afterAll(async () => {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

async function query(databaseUrl: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(sql)).rows ?? [];
  } finally {
    await client.end();
  }
}

async function newDatabase(name: string): Promise<string> {
  await query(postgres.databaseUrl, `create database ${name}`);
  const url = new URL(postgres.databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Triggers are not part of schema.prisma, including deferred ones, which are listed as constraints. */
const describeTables = async (databaseUrl: string) => ({
  columns: await query(
    databaseUrl,
    `select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
    where table_schema = 'public' and table_name <> '_prisma_migrations' order by 1, 2`,
  ),
  constraints: await query(
    databaseUrl,
    `select conrelid::regclass::text as "table", conname, pg_get_constraintdef(oid) as definition from pg_constraint
    where contype <> 't' and connamespace = 'public'::regnamespace and conrelid::regclass::text <> '_prisma_migrations' order by 1, 2`,
  ),
  indexes: await query(
    databaseUrl,
    `select indexname, indexdef from pg_indexes where schemaname = 'public' and tablename <> '_prisma_migrations' order by 1`,
  ),
});

describe('migrate', () => {
  it('creates exactly the tables of schema.prisma', async () => {
    const [migrated, direct] = [await newDatabase('migrated'), await newDatabase('direct')];
    expect(await migrate(migrated)).toEqual(await listMigrations());
    await query(direct, await diffSchemas(null, await readFile(schemaFile, 'utf8')));
    const tables = await describeTables(migrated);
    expect(tables.columns.length).toBeGreaterThan(50);
    expect(tables).toEqual(await describeTables(direct));
    expect(await migrate(migrated)).toEqual([]);
  });

  it('says which database cannot be opened, as which user and why, without the password', async () => {
    const wrong = (changes: Partial<URL>) => Object.assign(new URL(postgres.databaseUrl), changes).href;
    const { port } = new URL(postgres.databaseUrl);
    await expect(migrate(wrong({ hostname: 'localhost', port: '1' }))).rejects.toThrow(
      /^DATABASE_URL: the database styleforge at localhost:1 cannot be opened by styleforge: .*ECONNREFUSED/,
    );
    await expect(migrate(wrong({ pathname: '/none' }))).rejects.toThrow(
      `DATABASE_URL: the database none at 127.0.0.1:${port} cannot be opened by styleforge: database "none" does not exist`,
    );
    const refused: unknown = await migrate(wrong({ password: 'wrong-secret' })).catch((error: unknown) => error);
    expect(String(refused)).toMatch(/password authentication failed/);
    expect(String(refused)).not.toContain('wrong-secret');
  });

  it('applies each migration once, however many processes ask for it', async () => {
    const databaseUrl = await newDatabase('crowded');
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(databaseUrl)));
    expect(applied.flat()).toEqual(await listMigrations());
  });

  it("repairs evaluation stages whose status earlier versions left different from their job's", async () => {
    const databaseUrl = await newDatabase('stages');
    const before = path.join(directory, 'before-evaluation-transitions');
    const later = (name: string) => name >= '20261125201500';
    await cp(migrationsDirectory, before, {
      recursive: true,
      filter: (source) => !later(path.basename(source)) || !/^\d{14}_/.test(path.basename(source)),
    });
    await migrate(databaseUrl, before);
    await query(
      databaseUrl,
      `set session_replication_role = replica;
      insert into training_jobs (id, project_id, status, method, base_model, config, result)
        select 'job_' || status, 'p', status, 'dreambooth', 'x', '{}', jsonb_build_object('evaluation_id', 'new_' || status) from unnest(array['evaluating', 'failed', 'cancelled', 'succeeded']) status;
      insert into evaluations (id, project_id, status, config, training_job_id) values
        ('new_evaluating', 'p', 'failed', '{}', 'job_evaluating'), ('old_evaluating', 'p', 'succeeded', '{}', 'job_evaluating'),
        ('new_failed', 'p', 'running', '{}', 'job_failed'), ('new_cancelled', 'p', 'running', '{}', 'job_cancelled'),
        ('new_succeeded', 'p', 'succeeded', '{}', 'job_succeeded'), ('alone', 'p', 'running', '{}', null)`,
    );
    expect((await migrate(databaseUrl))[0]).toBe('20261125201500_evaluation_transitions');
    expect(await query(databaseUrl, 'select id, status from evaluations order by id')).toEqual(
      [
        ['alone', 'running'],
        ['new_cancelled', 'cancelled'],
        ['new_evaluating', 'running'],
        ['new_failed', 'failed'],
        ['new_succeeded', 'succeeded'],
        ['old_evaluating', 'succeeded'],
      ].map(([id, status]) => ({ id, status })),
    );
  });

  it('refuses to continue after a failed migration', async () => {
    const databaseUrl = await newDatabase('broken');
    const copy = path.join(directory, 'migrations');
    await cp(migrationsDirectory, copy, { recursive: true });
    const broken = path.join(copy, '99990101000000_broken');
    await mkdir(broken);
    await writeFile(path.join(broken, 'migration.sql'), 'alter table nowhere add column x int;');
    await expect(migrate(databaseUrl, copy)).rejects.toThrow(/nowhere/);
    await writeFile(path.join(broken, 'migration.sql'), 'select 1;');
    await expect(migrate(databaseUrl, copy)).rejects.toThrow(/failed/);
  });
});

describe('the check for unmigrated changes', () => {
  it('finds none now, and one after a column is added', async () => {
    const schema = await readFile(schemaFile, 'utf8');
    expect(await diffSchemas(await readMigratedSchema(), schema)).toBe('');
    const changed = schema.replace('caption   String?', 'caption   String?\n  rating    Int?');
    expect(await diffSchemas(schema, changed)).toContain('ALTER TABLE "images" ADD COLUMN     "rating" INTEGER');
  });
});
