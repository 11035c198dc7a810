// Detects workers that no longer send heartbeats, so that streams and webhooks report it: a dead worker cannot report it itself.
import { WORKER_SILENT_SECONDS } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
import type { FastifyBaseLogger } from 'fastify';

const LOOK_MS = 5_000;

export class WorkerWatch {
  readonly #database: Pick<Database, 'workers'>;
  readonly #log: FastifyBaseLogger;
  #timer: NodeJS.Timeout;
  #round: Promise<void> = Promise.resolve();
  /** Whether the database was available in the last round; after an outage, workers first get time to send heartbeats. */
  #isSure = false;
  #isClosed = false;

  constructor(database: Pick<Database, 'workers'>, log: FastifyBaseLogger, everyMs = LOOK_MS) {
    this.#database = database;
    this.#log = log;
    this.#timer = this.#schedule(everyMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  #schedule(everyMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#round = this.#look().finally(() => {
        if (!this.#isClosed) this.#timer = this.#schedule(everyMs);
      });
    }, everyMs).unref();
  }

  async #look(): Promise<void> {
    try {
      if (this.#isSure) {
        const lost = await this.#database.workers.loseSilent(new Date(Date.now() - WORKER_SILENT_SECONDS * 1000));
        if (lost.length > 0) this.#log.warn({ workers: lost }, `workers have been silent for ${WORKER_SILENT_SECONDS} seconds`);
      } else {
        await this.#database.workers.heardSince(new Date());
        this.#isSure = true;
      }
    } catch (error) {
      if (this.#isSure) this.#log.warn({ err: error }, 'the check for silent workers failed; trying again');
      this.#isSure = false;
    }
  }
}
