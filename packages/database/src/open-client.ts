// Connections outside the pool, with errors that name the setting.
import pg from 'pg';
import { setSession } from './session.ts';

/** Milliseconds to wait for a connection; an address that does not respond would otherwise block for minutes. */
const CONNECTING_MS = 30_000;

/**
 * Opens a connection, which the caller ends. Throws an error that names the setting and contains no password if the database cannot be
 * opened.
 */
export async function openClient(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECTING_MS });
  await client.connect().catch((error: unknown) => Promise.reject(openingError(client, error)));
  await setSession(client);
  return client;
}

/** Opens and ends a connection. Throws as `openClient` does. */
export async function checkDatabase(databaseUrl: string): Promise<void> {
  await (await openClient(databaseUrl)).end();
}

function openingError({ host, port, user, database }: pg.Client, cause: unknown): Error {
  // A host name with several addresses fails with an error for each address and no message of its own.
  const reasons = cause instanceof AggregateError ? cause.errors : [cause];
  const why = reasons.map((reason) => (reason as Error).message).join(', ');
  return new Error(`DATABASE_URL: the database ${database} at ${host}:${port} cannot be opened${user ? ` by ${user}` : ''}: ${why}`, {
    cause,
  });
}
