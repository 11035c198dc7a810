// Makes a project and a key to it where there is no key yet, prints it this once, and ends.
import { loadConfig } from '@styleforge/config';
import { createDatabase } from '@styleforge/database';

const { databaseUrl } = loadConfig();
if (databaseUrl === undefined) throw new Error('DATABASE_URL: names no database to make the key in; set it');
const database = createDatabase(databaseUrl, { maxConnections: 1 });
try {
  if (await database.apiKeys.exists()) {
    process.stdout.write('There is a key already; POST /v1/api-keys makes more.\n');
  } else {
    const { projectId } = await database.apiKeys.createProject('default');
    const { key } = await database.apiKeys.create(projectId, 'made at start', ['read', 'write', 'admin']);
    process.stdout.write(`API key (shown this once; keep it): ${key}\n`);
  }
} finally {
  await database.close();
}
