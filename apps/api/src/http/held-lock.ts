// Holds the lock of an idempotency key while its request runs, for any length of time.
import type { Database, IdempotencyLock } from '@styleforge/database';
import type { FastifyBaseLogger } from 'fastify';

/** Number of renewals within the lifetime of a lock, so that one failed renewal does not lose it. */
const RENEWALS = 3;

export class HeldLock {
  readonly #keys: Database['idempotencyKeys'];
  readonly #lockMs: number;
  readonly #log: FastifyBaseLogger;
  readonly #timer: NodeJS.Timeout;
  /** The lock of the request; null once another request has taken over. */
  #lock: IdempotencyLock | null;
  #renewing: Promise<void> | undefined;

  constructor(keys: Database['idempotencyKeys'], lock: IdempotencyLock, { lockMs, log }: { lockMs: number; log: FastifyBaseLogger }) {
    this.#keys = keys;
    this.#lock = lock;
    this.#lockMs = lockMs;
    this.#log = log;
    this.#timer = setInterval(() => {
      this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    }, lockMs / RENEWALS).unref();
  }

  /** Stops the renewal and returns the lock, or null if it was lost. */
  async end(): Promise<IdempotencyLock | null> {
    clearInterval(this.#timer);
    await this.#renewing;
    return this.#lock;
  }

  async #renew(): Promise<void> {
    if (this.#lock === null) return;
    try {
      this.#lock = await this.#keys.renew(this.#lock, this.#lockMs);
    } catch (error) {
      return this.#log.warn({ err: error }, 'the lock of an Idempotency-Key could not be renewed; trying again');
    }
    if (this.#lock !== null) return;
    clearInterval(this.#timer);
    this.#log.warn("another request has taken over this request's Idempotency-Key, so this response is not stored");
  }
}
