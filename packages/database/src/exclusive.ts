// Work that only one process does at a time, under a lock that ends with its connection.
import pg from 'pg';

/**
 * Returns undefined if another process holds the lock. Throws after the work if the connection broke meanwhile, because the lock was lost
 * with it.
 */
export async function exclusively<Result>(databaseUrl: string, name: string, work: () => Promise<Result>): Promise<Result | undefined> {
  const client = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
  let broken: Error | undefined;
  // Without a listener, a restart of the database would end this process.
  client.on('error', (error) => (broken = error));
  await client.connect();
  try {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 83416207)) as held', [name]);
    const result = rows[0]?.held ? await work() : undefined;
    if (broken !== undefined) throw broken;
    return result;
  } finally {
    await client.end();
  }
}
