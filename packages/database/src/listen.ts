// Listens to channels of the database on a connection of its own, and connects again when it breaks.
import pg from 'pg';

export type Listener = { stop(): Promise<void> };

export interface ListenOptions {
  /** Called with every failure. */
  onTrouble(error: unknown): void;
  /** Work to do on each new connection. */
  prepare?(client: pg.Client): Promise<void>;
}

const RETRY_MS = 1_000;

/**
 * Calls back for each notification. After every new connection it calls back once for each channel, with an empty payload, because
 * notifications may have been lost in between. Resolves when it listens, or when the first attempt has failed.
 */
export async function listen(
  databaseUrl: string,
  channels: string | readonly string[],
  onNotify: (payload: string, channel: string) => void,
  { onTrouble, prepare }: ListenOptions,
): Promise<Listener> {
  const names = [channels].flat();
  let client: pg.Client | undefined;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    next.on('notification', ({ payload, channel }) => onNotify(payload ?? '', channel));
    next.on('error', onTrouble);
    next.once('end', () => {
      if (!stopped) retry = setTimeout(() => void connect(), RETRY_MS);
    });
    try {
      await next.connect();
      await prepare?.(next);
      for (const channel of names) await next.query(`listen ${channel}`);
      if (stopped) return await next.end();
      client = next;
      for (const channel of names) onNotify('', channel);
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
