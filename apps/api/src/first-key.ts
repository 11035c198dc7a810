// Makes a project and a key to it where there is no key yet, prints it this once, and ends.
import { loadConfig } from '@styleforge/config';
import { createDatabase } from '@styleforge/database';

const { databaseUrl } = loadConfig();
if (databaseUrl === undefined) throw new Error('DATABASE_URL: names no database to make the key in; set it');
const database = createDatabase(databaseUrl, { maxConnections: 1 });
try {
  const first = await database.apiKeys.createFirst();
  process.stdout.write(
    first ? `API key (shown only once; keep it): ${first.key}\n` : 'There is a project already; POST /v1/api-keys makes further keys.\n',
  );
} finally {
  await database.close();
}
