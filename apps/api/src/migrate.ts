// Brings the database to the newest schema, and ends: the migrations job of an installation with several processes.
import { loadConfig } from '@styleforge/config';
import { migrate } from '@styleforge/database';
import { createLogger } from '@styleforge/telemetry';

const config = loadConfig();
if (config.databaseUrl === undefined) throw new Error('DATABASE_URL: names no database to migrate; set it');
const log = createLogger({ name: 'migrate', level: config.logLevel });
const applied = await migrate(config.databaseUrl);
log.info({ applied }, applied.length > 0 ? 'the database has the newest schema now' : 'the database had the newest schema already');
