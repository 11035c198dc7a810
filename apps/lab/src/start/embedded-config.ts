// Settings of a service that shares nothing with others.
import { join } from 'node:path';
import type { Config } from '@styleforge/config';

/** Uses its own database and store in `dataDirectory` and a free port, whatever the environment names. */
export function embeddedConfig({ databaseUrl: _database, redisUrl: _redis, ...rest }: Config, dataDirectory: string): Config {
  return { ...rest, host: '127.0.0.1', port: 0, dataDirectory, objectStore: { kind: 'files', directory: join(dataDirectory, 'objects') } };
}
