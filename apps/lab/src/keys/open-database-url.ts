// Opens the service's database: the configured one, or the embedded one, which is started temporarily if it is not running.
import { join } from 'node:path';
import type { Config } from '@styleforge/config';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '@styleforge/stack';

export async function openDatabaseUrl({ databaseUrl, dataDirectory }: Config): Promise<{ databaseUrl: string; close(): Promise<void> }> {
  const directory = join(dataDirectory, 'postgres');
  const running = databaseUrl ?? (await findEmbeddedPostgres({ directory }));
  if (running !== null) return { databaseUrl: running, close: async () => undefined };
  const postgres = await startEmbeddedPostgres({ directory });
  return { databaseUrl: postgres.databaseUrl, close: () => postgres.stop() };
}
