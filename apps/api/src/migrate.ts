// Migrates the database to the newest schema, and ends: the migration job of an installation with several processes.
import { loadConfig } from '@styleforge/config';
import { migrate } from '@styleforge/database';
import { createLogger } from '@styleforge/telemetry';

const config = loadConfig();
if (config.databaseUrl === undefined) throw new Error('DATABASE_URL: is not set; name the database to migrate');
const log = createLogger({ name: 'migrate', level: config.logLevel });
const applied = await migrate(config.databaseUrl);
log.info({ applied }, applied.length > 0 ? 'the database schema is now up to date' : 'the database schema was already up to date');
