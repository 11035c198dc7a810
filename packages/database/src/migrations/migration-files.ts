// The migrations on disk: one folder each, with its SQL and the resulting schema.prisma.
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationList } from '@prisma/schema-engine-wasm';

const prismaDirectory = fileURLToPath(new URL('../../../../prisma', import.meta.url));
export const schemaFile = path.join(prismaDirectory, 'schema.prisma');
export const migrationsDirectory = path.join(prismaDirectory, 'migrations');

/** Folder names, oldest first. */
export async function listMigrations(directory: string = migrationsDirectory): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** The schema after the last migration; null before the first. */
export async function readMigratedSchema(directory: string = migrationsDirectory): Promise<string | null> {
  const last = (await listMigrations(directory)).at(-1);
  return last === undefined ? null : readFile(path.join(directory, last, 'schema.prisma'), 'utf8');
}

/** All migrations in the form that the schema engine expects. */
export async function loadMigrationList(directory: string = migrationsDirectory): Promise<MigrationList> {
  const names = await listMigrations(directory);
  return {
    baseDir: directory,
    lockfile: { path: 'migration_lock.toml', content: await readFile(path.join(directory, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(names.map((name) => loadMigration(directory, name))),
  };
}

async function loadMigration(directory: string, name: string) {
  const content = await readFile(path.join(directory, name, 'migration.sql'), 'utf8');
  return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: content } } };
}
