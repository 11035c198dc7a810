// Exports of the embedded Postgres.
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, findEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
export { freePort } from './free-port.ts';
export { DirectoryInUseError } from './running-server.ts';
