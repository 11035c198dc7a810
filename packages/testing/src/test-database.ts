// A real Postgres with the newest schema for one test file.
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDatabase, migrate } from '@styleforge/database';
import type { Database } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';
import { copyFolder, migratedCluster } from './migrated-cluster.ts';

export type TestDatabase = { database: Database; databaseUrl: string; close(): Promise<void> };

/** Starts the database. Call it in beforeAll, and close the database in afterAll. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-database-'));
  // Postgres may run as another user.
  await chmod(directory, 0o755);
  await copyFolder(await migratedCluster(), directory);
  const isMigrated = existsSync(path.join(directory, 'data'));
  const postgres = await startEmbeddedPostgres({ directory });
  if (!isMigrated) await migrate(postgres.databaseUrl);
  const database = createDatabase(postgres.databaseUrl);
  const close = async () => {
    await database.close();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { database, databaseUrl: postgres.databaseUrl, close };
}
