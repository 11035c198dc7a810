// A process's mark in the database: a lock that goes with its connection, on which it also receives notifications of API keys that are
// revoked.
import { randomInt } from 'node:crypto';
import type { KeyCache } from './key-cache.ts';
import { listen } from './listen.ts';
import type { Listener } from './listen.ts';

/** Notified, with its id, when a key is revoked or a session is ended. */
export const API_KEY_CHANNEL = 'styleforge_api_keys';
/** First half of an advisory lock that each process holds while it lives; the second half is the number of the process. */
export const OWNER_LOCK = 83_416_208;

export class Presence {
  readonly #owner = randomInt(1, 2 ** 31 - 1);
  /** Connections that hold the mark: every API on this database has one. */
  readonly #marks = new Set<symbol>();

  /** Null while the mark is not set; the process must then not be taken for dead. */
  get owner(): number | null {
    return this.#marks.size > 0 ? this.#owner : null;
  }

  /** Sets the mark, again after the connection broke. */
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
