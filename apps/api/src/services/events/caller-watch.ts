// Ends the event streams of callers as soon as their key is revoked or their session ends, in whichever process that happens.
import type { Database } from '@styleforge/database';
import type { FastifyBaseLogger } from 'fastify';
import type { Caller } from '../../http/api-server.ts';
import { isStillAllowed } from '../../http/still-allowed.ts';

/** Milliseconds between two checks: keys and sessions expire without a notification, and notifications can be lost with a connection. */
const CHECK_MS = 15_000;

interface Watched {
  caller: Caller;
  left: AbortController;
}

export class CallerWatch {
  readonly #database: Database;
  readonly #log: FastifyBaseLogger;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, log: FastifyBaseLogger) {
    this.#database = database;
    this.#log = log;
  }

  /** The signal is aborted when the caller may no longer read. */
  watch(caller: Caller): { signal: AbortSignal; end(): void } {
    const watched = { caller, left: new AbortController() };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.look(''), CHECK_MS).unref();
    // The key may have been revoked since the request was authenticated.
    void this.#check([watched]);
    return {
      signal: watched.left.signal,
      end: () => {
        this.#watched.delete(watched);
        if (this.#watched.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      },
    };
  }

  /** `id`: the changed key or session; empty if it could be any. */
  look(id: string): void {
    void this.#check([...this.#watched].filter(({ caller }) => id === '' || caller.keyId === id || caller.session?.id === id));
  }

  /** Checks each key and session once, however many streams it has open. */
  async #check(concerned: readonly Watched[]): Promise<void> {
    const streams = new Map<string, Watched[]>();
    for (const watched of concerned) {
      const who = `${watched.caller.keyId} ${watched.caller.session?.id ?? ''}`;
      streams.set(who, [...(streams.get(who) ?? []), watched]);
    }
    for (const same of streams.values()) {
      try {
        if (await isStillAllowed(this.#database, same[0]!.caller)) continue;
      } catch (error) {
        this.#log.warn(
          { err: error },
          'whether callers may still read their event streams could not be checked; their streams stay open until the next check',
        );
        return;
      }
      for (const { left } of same) left.abort();
    }
  }
}
