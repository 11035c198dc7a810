// Listens to a channel of the database on a connection of its own, and makes a new one when it breaks.
import pg from 'pg';

export type Listener = { stop(): Promise<void> };

const RETRY_MS = 1_000;

/**
 * Calls back for every notification, and after each connection: what was notified while nobody listened is lost, so look then.
 * Resolves when it listens, or when the first try has failed; `onTrouble` hears of every failure.
 */
export async function listen(
  databaseUrl: string,
  channel: string,
  onNotify: (payload: string) => void,
  onTrouble: (error: unknown) => void,
): Promise<Listener> {
  let client: pg.Client | undefined;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    next.on('notification', ({ payload }) => onNotify(payload ?? ''));
    next.on('error', onTrouble);
    next.once('end', () => {
      if (!stopped) retry = setTimeout(() => void connect(), RETRY_MS);
    });
    try {
      await next.connect();
      await next.query(`listen ${channel}`);
      if (stopped) return await next.end();
      client = next;
      onNotify('');
    } catch (error) {
      onTrouble(error);
      await next.end();
    }
  };
  await connect();
  return {
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}
