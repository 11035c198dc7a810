// Run as a child by the test: starts a Postgres, says where it is, and lives until it is killed.
import { startEmbeddedPostgres } from '@styleforge/stack';

const { databaseUrl } = await startEmbeddedPostgres({ directory: process.argv[2] ?? '' });
process.stdout.write(`${databaseUrl}\n`);
setInterval(() => undefined, 1_000);
