// Database and store of the earlier release 0.1.0, in the middle of their work, and a worker of that release.
import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { migrate, migrationsDirectory } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';
import pg from 'pg';
import { expect } from 'vitest';

/** The file that test/golden/make-upgrade.ts writes. */
export interface Release {
  apiKey: string;
  jobs: Record<'done' | 'running' | 'queued', string>;
  generation: string;
  /** Map from each table to its rows as JSON. */
  database: Record<string, string[]>;
  /** Map from each file of the service's folder to its place among `contents`. */
  files: Record<string, number>;
  /** Contents in base64. */
  contents: string[];
}

/** Writes the store into a new folder, and the database behind it. */
export async function restoreRelease(): Promise<{ release: Release; directory: string }> {
  const packed = await readFile(new URL('../golden/upgrade-0.1.0.json.gz', import.meta.url));
  const release = JSON.parse(gunzipSync(packed).toString()) as Release;
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-upgrade-'));
  for (const [path, at] of Object.entries(release.files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), Buffer.from(release.contents[at] ?? '', 'base64'));
  }
  await restoreDatabase(directory, release);
  return { release, directory };
}

/** The schema of that version, then its rows. Triggers of the schema have run already when the rows were written. */
async function restoreDatabase(directory: string, { database }: Release): Promise<void> {
  const names = database['_prisma_migrations']!.map((row) => (JSON.parse(row) as { migration_name: string }).migration_name);
  const migrations = join(directory, 'migrations');
  await mkdir(migrations);
  await cp(join(migrationsDirectory, 'migration_lock.toml'), join(migrations, 'migration_lock.toml'));
  for (const name of names) await cp(join(migrationsDirectory, name), join(migrations, name), { recursive: true });
  await mkdir(join(directory, 'data'), { recursive: true });
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'data', 'postgres') });
  expect(await migrate(postgres.databaseUrl, migrations)).toEqual(names.sort());
  const client = new pg.Client({ connectionString: postgres.databaseUrl });
  await client.connect();
  await client.query('set session_replication_role = replica');
  const tables = Object.keys(database).filter((table) => table !== '_prisma_migrations');
  await client.query(`truncate ${tables.map((table) => `"${table}"`).join(', ')}`);
  for (const table of tables) {
    for (const row of database[table] ?? [])
      await client.query(`insert into "${table}" select * from jsonb_populate_record(null::"${table}", $1)`, [row]);
  }
  await advanceSequences(client);
  await client.end();
  await postgres.stop();
}

/** Numbers that the database gives continue after those of the rows. */
async function advanceSequences(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `select table_name as table, column_name as column, pg_get_serial_sequence(quote_ident(table_name), column_name) as sequence
     from information_schema.columns where table_schema = 'public' and pg_get_serial_sequence(quote_ident(table_name), column_name) is not null`,
  );
  for (const { table, column, sequence } of rows)
    await client.query(`select setval($1, coalesce(max("${column}"), 0) + 1, false) from "${table}"`, [sequence]);
}

const root = fileURLToPath(new URL('../../', import.meta.url));
/** The last commit whose schema is that of 0.1.0. */
const COMMIT = '8fd42389af196d546f267fe0408eb78fe2aa791e';

/** Undefined where the sources of the release can be read. */
export const releaseMissing = (): string | undefined =>
  spawnSync('git', ['cat-file', '-e', `${COMMIT}^{tree}`], { cwd: root, stdio: 'ignore' }).status === 0
    ? undefined
    : `the history of this checkout does not contain ${COMMIT.slice(0, 12)} (git fetch --unshallow gets it)`;

/**
 * Writes the sources of the release into a folder, with the libraries of this checkout; returns what starts its worker: file and arguments.
 */
export async function checkOutWorker(directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const files = execFileSync('git', ['archive', COMMIT, 'apps', 'packages', 'prisma', 'package.json', 'tsconfig.base.json'], {
    cwd: root,
    maxBuffer: 2 ** 28,
  });
  execFileSync('tar', ['x', '-C', directory], { input: files });
  const modules = join(directory, 'node_modules');
  await mkdir(join(modules, '@styleforge'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@styleforge' && name !== '.cache') await symlink(join(root, 'node_modules', name), join(modules, name));
  for (const kind of ['packages', 'apps'])
    for (const name of await readdir(join(directory, kind))) await symlink(join(directory, kind, name), join(modules, '@styleforge', name));
  await replaceRateLimiter(join(modules, 'rate-limiter-flexible'));
  execFileSync(process.execPath, ['--import', 'tsx', 'packages/database/src/tools/generate.ts'], { cwd: directory, stdio: 'ignore' });
  return [join(directory, 'packages/launch/src/run.mjs'), join(directory, 'apps/worker/src/main.ts')];
}

/** The one library of the release that this checkout lacks. Only the API of the release uses it; its worker imports it and nothing more. */
async function replaceRateLimiter(folder: string): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'rate-limiter-flexible', type: 'module', exports: './index.js' }));
  const classes = ['RateLimiterMemory', 'RateLimiterRedis', 'RateLimiterRes'];
  const lines = classes.map((name) => `export class ${name} { constructor() { throw new Error('${name} is not part of this test'); } }`);
  await writeFile(join(folder, 'index.js'), `${lines.join('\n')}\n`);
}
