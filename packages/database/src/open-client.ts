// A connection outside the pool, and the error when it cannot be opened.
import pg from 'pg';

/** Milliseconds to wait for a connection; an address that does not respond would otherwise block for minutes. */
const CONNECTING_MS = 30_000;

/** The caller ends it. Throws an error that names the setting, and shows no password, where the database cannot be opened. */
export async function openClient(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECTING_MS });
  await client.connect().catch((error: unknown) => Promise.reject(openingError(client, error)));
  return client;
}

/** Throws as `openClient` does. */
export async function checkDatabase(databaseUrl: string): Promise<void> {
  await (await openClient(databaseUrl)).end();
}

function openingError({ host, port, user, database }: pg.Client, cause: unknown): Error {
  // A name with several addresses fails with an error for each, and a message for none.
  const reasons = cause instanceof AggregateError ? cause.errors : [cause];
  const why = reasons.map((reason) => (reason as Error).message).join(', ');
  return new Error(`DATABASE_URL: the database ${database} at ${host}:${port} cannot be opened${user ? ` by ${user}` : ''}: ${why}`, {
    cause,
  });
}
