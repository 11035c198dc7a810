// `npm run db:migration -- <name>`: writes a migration from the last migrated schema to schema.prisma.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { diffSchemas } from '../migrations/diff-schemas.ts';
import { migrationsDirectory, readMigratedSchema, schemaFile } from '../migrations/migration-files.ts';

const LOCK_FILE = '# Names the database that these migrations are written for.\nprovider = "postgresql"\n';

const [name] = process.argv.slice(2);
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  throw new Error('Name the migration in lower case with underscores: npm run db:migration -- add_webhooks');
}
await mkdir(migrationsDirectory, { recursive: true });
await writeFile(path.join(migrationsDirectory, 'migration_lock.toml'), LOCK_FILE);
const schema = await readFile(schemaFile, 'utf8');
const sql = await diffSchemas(await readMigratedSchema(), schema);
if (sql === '') {
  process.stdout.write('schema.prisma has no unmigrated changes.\n');
} else {
  const folder = path.join(migrationsDirectory, `${timestamp(new Date())}_${name}`);
  await mkdir(folder);
  await writeFile(path.join(folder, 'migration.sql'), sql);
  await writeFile(path.join(folder, 'schema.prisma'), schema);
  process.stdout.write(`Wrote ${path.relative(process.cwd(), folder)}. Read migration.sql before committing it.\n`);
}

function timestamp(now: Date): string {
  return now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}
