// Makes test/golden/upgrade-<version>.json.gz: database and store of a service in the middle of its work, for the upgrade test.
// Run in a checkout of that version: `node --import tsx <this file> <version> <target folder>`. The service of that version does all of it.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import pg from 'pg';

const [version = '', target = ''] = process.argv.slice(2);
const { TestService } = (await import(
  pathToFileURL(join(process.cwd(), 'test/integration/service.ts')).href
)) as typeof import('../integration/service.ts');

const test = await TestService.create();
const styleRef = await test.createDataset('style_ref', [0, 40, 80]);
const aux = await test.createDataset('aux', [120, 160, 200]);
const done = await test.createJob(styleRef, aux, { max_train_steps: 4, checkpointing_steps: 2, checkpoints_total_limit: 1 });
await test.untilFinished(done);
const generation = await test.generate(done);
const running = await test.createJob(styleRef, aux, { max_train_steps: 60, checkpointing_steps: 4, checkpoints_total_limit: 1 });
const queued = await test.createJob(styleRef, aux, { max_train_steps: 2 });
await test.until(running, ({ progress }: { progress: { step: number } }) => progress.step > 8);

const client = new pg.Client({ connectionString: test.service.databaseUrl });
await client.connect();
await client.query('begin isolation level repeatable read');
const { rows: tables } = await client.query(
  "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name",
);
const database: Record<string, string[]> = {};
for (const { table_name: name } of tables) {
  const { rows } = await client.query(`select to_jsonb(t)::text as row from "${name}" t`);
  database[name] = rows.map(({ row }) => row);
}
await client.end();

// A finished job needs neither its moments nor the second form of its weights here; each content is kept once.
const isNeeded = (key: string) => !(key.includes(done) && /trainer_state\/.*moment|single-file\//.test(key));
const contents: string[] = [];
const files: Record<string, number> = {};
for (const folder of ['data/objects', 'models']) {
  for (const entry of (await readdir(join(test.directory, folder), { recursive: true })).sort()) {
    const path = join(test.directory, folder, entry);
    if (!(await stat(path)).isFile() || !isNeeded(path)) continue;
    const content = (await readFile(path)).toString('base64');
    const known = contents.indexOf(content);
    files[relative(test.directory, path)] = known < 0 ? contents.push(content) - 1 : known;
  }
}
const fixture = { version, apiKey: test.apiKey, jobs: { done, running, queued }, generation: generation.id, database, files, contents };
const file = join(target, `upgrade-${version}.json.gz`);
await writeFile(file, gzipSync(JSON.stringify(fixture), { level: 9 }));
process.stdout.write(`${file}: ${Math.round((await stat(file)).size / 1000)} kB, ${Object.keys(database).length} tables\n`);
await test.remove();
