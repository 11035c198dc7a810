// Migrates a database to the newest schema. Several processes may do this at once.
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { openClient } from '../open-client.ts';
import { openPool } from '../session.ts';
import { loadMigrationList, migrationsDirectory } from './migration-files.ts';
import { openSchemaEngine } from './schema-engine.ts';

/** Any number other than the engine's own lock 72707369, which gives up after ten seconds. This lock waits. */
const MIGRATION_LOCK = 83_416_205;

/** Applies the migrations that are missing and returns their names. Throws if an earlier migration has failed. */
export async function migrate(databaseUrl: string, directory: string = migrationsDirectory): Promise<string[]> {
  const migrationsList = await loadMigrationList(directory);
  return withAdvisoryLock(databaseUrl, async () => {
    // The engine keeps its own lock until its connection ends, so the connection must end with the work.
    const pool = openPool({ connectionString: databaseUrl, max: 1 });
    try {
      const engine = await openSchemaEngine(wholeScripts(new PrismaPg(pool)));
      const filters = { externalTables: [], externalEnums: [] };
      return (await engine.applyMigrations({ migrationsList, filters })).appliedMigrationNames;
    } finally {
      await pool.end();
    }
  });
}

/**
 * Makes the adapter send scripts whole, by a call without arguments. It would cut them at every semicolon, also inside a function or a
 * comment.
 */
function wholeScripts(factory: SqlMigrationAwareDriverAdapterFactory): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    async connect() {
      const adapter = await factory.connect();
      adapter.executeScript = async (sql) => void (await adapter.executeRaw({ sql, args: [], argTypes: [] }));
      return adapter;
    },
  };
}

async function withAdvisoryLock<T>(databaseUrl: string, work: () => Promise<T>): Promise<T> {
  const client = await openClient(databaseUrl);
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work();
  } finally {
    // The lock ends with its connection.
    await client.end();
  }
}
