// Creates a project and an API key if there is none yet, prints the key once, and ends.
import { loadConfig } from '@styleforge/config';
import { createDatabase } from '@styleforge/database';

const { databaseUrl } = loadConfig();
if (databaseUrl === undefined) throw new Error('DATABASE_URL: is not set; name the database in which to create the key');
const database = createDatabase(databaseUrl, { maxConnections: 1 });
try {
  const first = await database.apiKeys.createFirst();
  process.stdout.write(
    first
      ? `API key (shown only once; keep it): ${first.key}\n`
      : 'A project already exists. Create further keys with POST /v1/api-keys.\n',
  );
} finally {
  await database.close();
}
