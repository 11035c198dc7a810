// `npm run keys -- create|list|revoke`: API keys of any project, straight in the database: DATABASE_URL, or the embedded one.
import { parseArgs } from 'node:util';
import { ConfigError, loadConfig } from '@styleforge/config';
import { createDatabase, migrate } from '@styleforge/database';
import { manageKeys, UsageError } from './manage-keys.ts';
import { openDatabaseUrl } from './open-database-url.ts';

const USAGE = `npm run keys -- create --name NAME [--scopes read,write,admin] [--project NAME] [--expires ISO-DATE]
npm run keys -- list [--project NAME]
npm run keys -- revoke KEY-ID

A project that create names and that is not there yet is made. Left out, it is the project of the first start, "default".`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      scopes: { type: 'string' },
      project: { type: 'string' },
      expires: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help || positionals.length === 0) {
    console.log(USAGE);
  } else {
    const { databaseUrl, close } = await openDatabaseUrl(loadConfig());
    await migrate(databaseUrl);
    const database = createDatabase(databaseUrl, { maxConnections: 1 });
    try {
      console.log(await manageKeys(database, positionals, values));
    } finally {
      await database.close();
      await close();
    }
  }
} catch (error) {
  const isUsage =
    error instanceof UsageError || error instanceof ConfigError || String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS');
  if (!isUsage) throw error;
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
