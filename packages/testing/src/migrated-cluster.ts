// A stopped Postgres cluster with the newest schema, cached below node_modules/.cache. Copying it takes a fraction of the time to create
// one.
import { clientOf } from '@styleforge/database/testing';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatabase, listMigrations, migrate, migrationsDirectory } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cache = path.join(root, 'node_modules', '.cache', 'styleforge-postgres');

/** The folder to copy before `startEmbeddedPostgres` starts on the copy. Several processes may call this at the same time. */
export async function migratedCluster(): Promise<string> {
  const cluster = path.join(cache, await fingerprint());
  if (existsSync(cluster)) return cluster;
  await mkdir(cache, { recursive: true });
  const outdated = (await readdir(cache)).filter((name) => !name.includes('.'));
  const unfinished = await mkdtemp(`${cluster}.`);
  await makeCluster(unfinished);
  try {
    await rename(unfinished, cluster);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process has created it first.
    if (!existsSync(cluster)) throw error;
  }
  await Promise.all(
    outdated.filter((name) => name !== path.basename(cluster)).map((name) => rm(path.join(cache, name), { recursive: true, force: true })),
  );
  return cluster;
}

/** A hash of the schema and of the installed Postgres. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(path.join(root, 'package-lock.json')));
  for (const name of await listMigrations())
    hash.update(name).update(await readFile(path.join(migrationsDirectory, name, 'migration.sql')));
  return hash.digest('hex').slice(0, 16);
}

/** Creates the cluster in the folder for temporary files, like the copies, so that it belongs to the same user. */
async function makeCluster(target: string): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-cluster-'));
  await chmod(directory, 0o755);
  try {
    const postgres = await startEmbeddedPostgres({ directory });
    await migrate(postgres.databaseUrl);
    const database = createDatabase(postgres.databaseUrl, { maxConnections: 1 });
    // Tests need no protection against power cuts.
    await clientOf(database).$executeRaw`alter system set fsync = off`;
    await database.close();
    await postgres.stop();
    await copyFolder(directory, target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Copies the content of a folder with owners and modes, both of which Postgres checks. */
export async function copyFolder(from: string, to: string): Promise<void> {
  const child = spawn('cp', ['-a', `${from}/.`, to], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  if (code !== 0) throw new Error(`cp ended with ${code}: ${from} could not be copied to ${to}`);
}
