// The tables of a backup: writes every table of the schema as COPY text from one snapshot, and restores them.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openClient, schemaFile } from '@styleforge/database';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

export interface SavedTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
  /** Hexadecimal digest of the file. */
  readonly sha256: string;
}

export interface SavedTables {
  readonly migrations: readonly string[];
  readonly tables: readonly SavedTable[];
}

const fileOf = (directory: string, table: string) => join(directory, 'tables', `${table}.copy`);
const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

export async function withClient<Result>(databaseUrl: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = await openClient(databaseUrl);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Names of the migrations that the database has, in order. */
export async function appliedMigrations(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'select migration_name as name from _prisma_migrations where finished_at is not null and rolled_back_at is ' +
      'null order by migration_name',
  );
  return rows.map(({ name }) => name);
}

async function tableNames(): Promise<string[]> {
  return [...(await readFile(schemaFile, 'utf8')).matchAll(/@@map\("(\w+)"\)/g)].map(([, name = '']) => name);
}

/** Writes every table below `directory/tables`, all from the same snapshot. */
export async function saveTables(databaseUrl: string, directory: string): Promise<SavedTables> {
  await mkdir(join(directory, 'tables'), { recursive: true });
  return withClient(databaseUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const tables: SavedTable[] = [];
    for (const name of await tableNames()) tables.push(await saveTable(client, directory, name));
    const migrations = await appliedMigrations(client);
    await client.query('commit');
    return { migrations, tables };
  });
}

async function saveTable(client: pg.Client, directory: string, name: string): Promise<SavedTable> {
  const { rows } = await client.query<{ column_name: string }>(
    "select column_name from information_schema.columns where table_schema = 'public' and table_name = $1 and " +
      "is_generated = 'NEVER' order by ordinal_position",
    [name],
  );
  const columns = rows.map(({ column_name: column }) => column);
  const stream = client.query(copyTo(`copy ${quote(name)} (${columns.map(quote).join(', ')}) to stdout`));
  const digest = new Digest();
  await pipeline(stream, digest, createWriteStream(fileOf(directory, name)));
  return { name, columns, rows: stream.rowCount, sha256: digest.hex() };
}

/** Throws an error that names the first table whose file is absent or has other bytes. */
export async function verifyTables(directory: string, tables: readonly SavedTable[]): Promise<void> {
  for (const { name, sha256 } of tables) {
    const digest = new Digest();
    digest.resume();
    await pipeline(createReadStream(fileOf(directory, name)), digest);
    if (digest.hex() !== sha256) throw new Error(`${fileOf(directory, name)} is damaged: its SHA-256 is not the one in backup.json`);
  }
}

/** Fills a database that has the backup's schema and no project, in one transaction. */
export async function restoreTables(databaseUrl: string, directory: string, { tables, migrations }: SavedTables): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    const present = await appliedMigrations(client);
    if (present.join() !== migrations.join()) {
      throw new Error(
        `the backup was made by another release: it has ${migrations.length} migrations up to ${migrations.at(-1)}, ` +
          `this release has ${present.length} ` +
          `up to ${present.at(-1)}. Restore it with the release that made it, then upgrade`,
      );
    }
    const { rows } = await client.query('select 1 from projects limit 1');
    if (rows.length > 0) throw new Error('DATABASE_URL: the database already has projects. Restore into an empty database');
    await client.query('begin');
    const constraints = await dropForeignKeys(client);
    for (const { name } of tables) await client.query(`alter table ${quote(name)} disable trigger user`);
    for (const table of tables) await fill(client, directory, table);
    for (const { name } of tables) await client.query(`alter table ${quote(name)} enable trigger user`);
    for (const statement of constraints) await client.query(statement);
    await advanceSequences(client);
    await client.query('commit');
  });
}

/** Drops all foreign keys, because tables refer to each other in cycles. Returns the statements that add them again. */
async function dropForeignKeys(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(
    `select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`,
  );
  for (const { table, name } of rows) await client.query(`alter table ${table} drop constraint ${name}`);
  return rows.map(({ table, name, definition }) => `alter table ${table} add constraint ${name} ${definition}`);
}

/** Sets each sequence to the largest number in its column: restored rows keep their numbers, and the next row needs a new one. */
async function advanceSequences(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ sequence: string; table: string; column: string }>(
    `select sequence.oid::regclass::text as sequence, owner.refobjid::regclass::text as table, quote_ident(attname) as column
     from pg_class sequence
       join pg_depend owner on owner.objid = sequence.oid and owner.classid = 'pg_class'::regclass and owner.deptype in ('a', 'i')
       join pg_attribute on attrelid = owner.refobjid and attnum = owner.refobjsubid
     where sequence.relkind = 'S' and sequence.relnamespace = 'public'::regnamespace`,
  );
  for (const { sequence, table, column } of rows) {
    await client.query(`select setval($1, coalesce(max(${column}), 1), max(${column}) is not null) from ${table}`, [sequence]);
  }
}

async function fill(client: pg.Client, directory: string, { name, columns, rows }: SavedTable): Promise<void> {
  // Migrations insert rows into some tables.
  await client.query(`delete from ${quote(name)}`);
  const stream = client.query(copyFrom(`copy ${quote(name)} (${columns.map(quote).join(', ')}) from stdin`));
  await pipeline(createReadStream(fileOf(directory, name)), stream);
  if (stream.rowCount !== rows) throw new Error(`${name}: ${stream.rowCount} of ${rows} rows were restored`);
}

/** Passes bytes through and computes their SHA-256. */
class Digest extends Transform {
  readonly #hash = createHash('sha256');

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, data: Buffer) => void): void {
    this.#hash.update(chunk);
    done(null, chunk);
  }

  hex(): string {
    return this.#hash.digest('hex');
  }
}
