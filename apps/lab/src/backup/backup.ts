// A backup of the whole installation in one folder: tables first, then objects, then backup.json, which marks it as complete.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VERSION } from '@styleforge/contracts';
import { migrate } from '@styleforge/database';
import type { ObjectStore } from '@styleforge/storage';
import { restoreObjects, type SavedObjects, saveObjects } from './objects.ts';
import { restoreTables, type SavedTables, saveTables, verifyTables } from './tables.ts';

export interface Backup extends SavedTables {
  readonly version: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly objects: SavedObjects;
}

interface Installation {
  readonly databaseUrl: string;
  readonly store: ObjectStore;
}

const manifestOf = (directory: string) => join(directory, 'backup.json');

/** Folders of the complete backups in `parent`, oldest first. */
export async function listBackups(parent: string): Promise<string[]> {
  if (!existsSync(parent)) return [];
  const names = (await readdir(parent)).filter((name) => existsSync(manifestOf(join(parent, name))));
  return names.sort().map((name) => join(parent, name));
}

/**
 * Writes a new folder in `parent` and returns its path. The service may run meanwhile: the backup contains the objects of every row in it.
 */
export async function createBackup({ databaseUrl, store }: Installation, parent: string, now = new Date()): Promise<string> {
  const previous = (await listBackups(parent)).at(-1);
  const directory = join(parent, now.toISOString().replaceAll(':', '-').replace(/\..*/, 'Z'));
  const unfinished = `${directory}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const saved = await saveTables(databaseUrl, unfinished);
  const objects = await saveObjects(store, unfinished, previous);
  const backup: Backup = { version: VERSION, createdAt: now.toISOString(), ...saved, objects };
  await writeFile(manifestOf(unfinished), JSON.stringify(backup, null, 2));
  await rename(unfinished, directory);
  return directory;
}

/** Deletes all complete backups except the newest `keep`; returns the deleted folders. */
export async function pruneBackups(parent: string, keep: number): Promise<string[]> {
  const old = (await listBackups(parent)).slice(0, -keep);
  for (const directory of old) await rm(directory, { recursive: true });
  return old;
}

/** Reads the manifest and compares every table file with it. Throws for a folder that is not a complete backup. */
export async function verifyBackup(directory: string): Promise<Backup> {
  if (!existsSync(manifestOf(directory))) throw new Error(`${directory} is not a complete backup: it has no backup.json`);
  const backup = JSON.parse(await readFile(manifestOf(directory), 'utf8')) as Backup;
  await verifyTables(directory, backup.tables);
  return backup;
}

/** Fills an empty database and an empty store. Objects come first, so that an interrupted restore can be repeated. */
export async function restoreBackup({ databaseUrl, store }: Installation, directory: string): Promise<Backup> {
  const backup = await verifyBackup(directory);
  await migrate(databaseUrl);
  const count = await restoreObjects(store, directory);
  if (count !== backup.objects.count) throw new Error(`${directory} has ${count} objects and its backup.json ${backup.objects.count}`);
  await restoreTables(databaseUrl, directory, backup);
  return backup;
}
