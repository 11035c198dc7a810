// The mark of a live process in the database: a lock that ends with its connection. The connection also receives notifications of
// revoked API keys.
import { randomInt } from 'node:crypto';
import type { KeyCache } from './key-cache.ts';
import { listen } from './listen.ts';
import type { Listener } from './listen.ts';

/** Channel of notifications about revoked keys and ended sessions, with the id of the key. */
export const API_KEY_CHANNEL = 'styleforge_api_keys';
/** First half of an advisory lock that each process holds while it is alive; the second half is the number of the process. */
export const OWNER_LOCK = 83_416_208;

export class Presence {
  readonly #owner = randomInt(1, 2 ** 31 - 1);
  /** Connections that hold the mark: one for every API of this process on the database. */
  readonly #marks = new Set<symbol>();

  /** Number of the mark; null while it is not set, when the process must not be taken for dead. */
  get owner(): number | null {
    return this.#marks.size > 0 ? this.#owner : null;
  }

  /** Sets the mark, and sets it again after the connection broke. */
  async begin(databaseUrl: string, keys: KeyCache, onTrouble: (error: unknown) => void): Promise<Listener> {
    const mark = Symbol('presence');
    const away = (): void => {
      this.#marks.delete(mark);
      if (this.#marks.size === 0) keys.disable();
    };
    const listener = await listen(databaseUrl, API_KEY_CHANNEL, (keyId) => (keyId === '' ? keys.enable() : keys.forget(keyId)), {
      onTrouble: (error) => {
        away();
        onTrouble(error);
      },
      prepare: async (client) => {
        await client.query('select pg_advisory_lock_shared($1, $2)', [OWNER_LOCK, this.#owner]);
        this.#marks.add(mark);
      },
    });
    return {
      async stop() {
        away();
        await listener.stop();
      },
    };
  }
}
