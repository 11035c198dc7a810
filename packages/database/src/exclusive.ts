// Work that one process at a time does, held by a lock that goes with its connection.
import pg from 'pg';

/** Undefined when another process is at it. */
export async function exclusively<Result>(databaseUrl: string, name: string, work: () => Promise<Result>): Promise<Result | undefined> {
  const client = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
  await client.connect();
  try {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 83416207)) as held', [name]);
    return rows[0]?.held ? await work() : undefined;
  } finally {
    await client.end();
  }
}
