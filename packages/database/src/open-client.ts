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
  const remedy = REMEDIES.find(([pattern]) => pattern.test(why))?.[1] ?? '';
  const place = `the database ${database} at ${host}:${port}`;
  return new Error(`DATABASE_URL: ${place} cannot be opened${user ? ` by ${user}` : ''}: ${why}${remedy}`, { cause });
}

/** What to do about failures whose message does not say it. */
const REMEDIES: readonly [RegExp, string][] = [
  [
    /self-signed certificate|unable to (get local issuer|verify the first) certificate/,
    '; add sslrootcert=FILE with the certificate of its authority to the URL, or sslmode=no-verify, which ' +
      'encrypts without checking the server',
  ],
  [/does not support SSL/, '; remove sslmode from the URL, or switch TLS on in the server'],
  [/no pg_hba\.conf entry .*no encryption/, '; add sslmode=require to the URL'],
];
