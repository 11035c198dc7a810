// The upgrade from 0.1.0: database and store of that version, in the middle of their work, under the present service.
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { TrainingJobBody } from '@styleforge/contracts';
import { migrate, migrationsDirectory } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';
import pg from 'pg';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from './service.ts';

/** Fixture that test/golden/make-upgrade.ts writes. */
interface Fixture {
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

const patience = 400_000;
let fixture: Fixture;
let test: TestService;

beforeAll(async () => {
  const packed = await readFile(new URL('../golden/upgrade-0.1.0.json.gz', import.meta.url));
  fixture = JSON.parse(gunzipSync(packed).toString()) as Fixture;
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-upgrade-'));
  for (const [path, at] of Object.entries(fixture.files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), Buffer.from(fixture.contents[at] ?? '', 'base64'));
  }
  await restoreDatabase(directory);
  test = await TestService.over(directory, fixture.apiKey);
}, patience);
afterAll(() => test.remove());

/** The schema of that version, then its rows. Triggers of the schema have run already when the rows were written. */
async function restoreDatabase(directory: string): Promise<void> {
  const names = fixture.database['_prisma_migrations']!.map((row) => (JSON.parse(row) as { migration_name: string }).migration_name);
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
  const tables = Object.keys(fixture.database).filter((table) => table !== '_prisma_migrations');
  await client.query(`truncate ${tables.map((table) => `"${table}"`).join(', ')}`);
  for (const table of tables) {
    for (const row of fixture.database[table] ?? [])
      await client.query(`insert into "${table}" select * from jsonb_populate_record(null::"${table}", $1)`, [row]);
  }
  await advanceSequences(client);
  await client.end();
  await postgres.stop();
}

/** Numbers that the database gives go on behind those of the rows. */
async function advanceSequences(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `select table_name as table, column_name as column, pg_get_serial_sequence(quote_ident(table_name), column_name) as sequence
     from information_schema.columns where table_schema = 'public' and pg_get_serial_sequence(quote_ident(table_name), column_name) is not null`,
  );
  for (const { table, column, sequence } of rows)
    await client.query(`select setval($1, coalesce(max("${column}"), 0) + 1, false) from "${table}"`, [sequence]);
}

const pixelsOf = async (url = '') =>
  Array.from(
    await sharp(Buffer.from(await (await test.request('GET', url)).arrayBuffer()))
      .raw()
      .toBuffer(),
  );

describe('a database and a store of 0.1.0', () => {
  it('keep their finished work: job, checkpoint, curve, events and images', async () => {
    const { done } = fixture.jobs;
    expect(await test.job(done)).toMatchObject({ status: 'succeeded', result: { final_step: 4 } });
    expect((await test.metrics(done)).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect((await test.events(done)).at(-1)?.type).toBe('job.succeeded');
    const generation = await test.generated(fixture.generation);
    expect(generation).toMatchObject({ status: 'succeeded', images: [{}, {}] });
    const image = await test.request('GET', generation.images[0]?.url ?? '');
    expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/png']);
    const [checkpoint] = await test.checkpoints(done);
    const weights = checkpoint?.files.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors');
    expect((await test.request('GET', weights?.url ?? '')).status).toBe(200);
  });

  it(
    'generate the same image from an old checkpoint: a seed keeps its image',
    async () => {
      const earlier = await test.generated(fixture.generation);
      const again = await test.generate(fixture.jobs.done);
      const [before, after] = await Promise.all([pixelsOf(earlier.images[0]?.url), pixelsOf(again.images[0]?.url)]);
      expect(after.length).toBe(before.length);
      // Processors round differently.
      expect(Math.max(...before.map((value, i) => Math.abs(value - (after[i] ?? 0))))).toBeLessThanOrEqual(1);
    },
    patience,
  );

  it(
    'let unfinished work go on: the running job from its checkpoint, the waiting one from its beginning',
    async () => {
      const { running, queued } = fixture.jobs;
      expect(await test.untilFinished(running, patience)).toMatchObject({ status: 'succeeded', result: { final_step: 60 } });
      expect(await test.untilFinished(queued, patience)).toMatchObject({ status: 'succeeded', result: { final_step: 2 } });
      const resumed = (await test.events(running)).map(({ type }) => type);
      expect(resumed.at(-1)).toBe('job.succeeded');
      expect((await test.metrics(running)).map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    },
    patience,
  );

  it('take new work', async () => {
    const { data } = await test.call<{ data: TrainingJobBody[] }>('GET', '/v1/training-jobs');
    expect(data.map(({ id }) => id).sort()).toEqual(Object.values(fixture.jobs).sort());
    expect((await test.createDataset('style_ref', [10, 50, 90])).startsWith('ds_')).toBe(true);
  });
});
