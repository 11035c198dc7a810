// A child process of the test: starts a Postgres, prints where it is, and runs until it is killed.
import { startEmbeddedPostgres } from '@styleforge/stack';

const { databaseUrl } = await startEmbeddedPostgres({ directory: process.argv[2] ?? '' });
process.stdout.write(`${databaseUrl}\n`);
setInterval(() => undefined, 1_000);
