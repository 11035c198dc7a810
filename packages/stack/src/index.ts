// Public surface of the embedded stack.
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.ts';
export { DirectoryInUseError } from './running-server.ts';
