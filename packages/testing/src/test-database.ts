// A real Postgres with the newest schema for one test file.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDatabase, migrate } from '@styleforge/database';
import type { Database } from '@styleforge/database';
import { startEmbeddedPostgres } from '@styleforge/stack';

export type TestDatabase = { database: Database; databaseUrl: string; close(): Promise<void> };

/** Start it in beforeAll and close it in afterAll. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-database-'));
  const postgres = await startEmbeddedPostgres({ directory });
  await migrate(postgres.databaseUrl);
  const database = createDatabase(postgres.databaseUrl);
  const close = async () => {
    await database.close();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { database, databaseUrl: postgres.databaseUrl, close };
}
