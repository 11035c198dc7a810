// `npm run keys -- create|list|revoke`: manages API keys of any project, directly in the database (DATABASE_URL, or the embedded one).
import { ConfigError, loadConfig } from '@styleforge/config';
import { createDatabase, migrate } from '@styleforge/database';
import { readCommandLine, refuseCall } from '../command-line.ts';
import { manageKeys, UsageError } from './manage-keys.ts';
import { openDatabaseUrl } from './open-database-url.ts';

const PROGRAM = {
  usage: 'npm run keys -- create | list | revoke KEY-ID',
  about:
    'Creates, lists and revokes API keys of any project, directly in the database that DATABASE_URL names (default: the embedded one).',
  allowPositionals: true,
  options: {
    name: { type: 'string', help: 'name of the new key; required by create' },
    scopes: { type: 'string', help: 'scopes of the new key, separated by commas: read, write, admin' },
    project: { type: 'string', help: 'project of the key (default: default); create adds the project if it does not exist' },
    expires: { type: 'string', help: 'ISO date at which the new key expires (default: never)' },
  },
} as const;

const { values, positionals } = readCommandLine(PROGRAM);
try {
  if (positionals.length === 0) throw new UsageError('name an action: create, list or revoke');
  const { databaseUrl, close } = await openDatabaseUrl(loadConfig());
  await migrate(databaseUrl);
  const database = createDatabase(databaseUrl, { maxConnections: 1 });
  try {
    console.log(await manageKeys(database, positionals, values));
  } finally {
    await database.close();
    await close();
  }
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ConfigError)) throw error;
  refuseCall(PROGRAM, error.message);
}
