// Leases that this worker holds on rows: renewed during work and released after it, later if the database is unavailable.
import { type Database, type HeldRow, isDatabaseAway } from '@styleforge/database';

const renewEveryMs = 10_000;

export class Leases {
  readonly #database: Pick<Database, 'leases'>;
  /** Leases that could not be released while the database was unavailable. Without a later release, they would count as crashes. */
  #unreleased: HeldRow[] = [];

  constructor(database: Pick<Database, 'leases'>) {
    this.#database = database;
  }

  async release(row: HeldRow): Promise<void> {
    try {
      await this.#database.leases.release(row);
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      this.#unreleased.push(row);
    }
  }

  /** Releases leases that could not be released; to be called when the database is back, before jobs are taken. */
  async releaseRest(): Promise<void> {
    for (const row of [...this.#unreleased]) {
      await this.#database.leases.release(row);
      this.#unreleased = this.#unreleased.filter((other) => other !== row);
    }
  }

  setback(row: HeldRow): Promise<number> {
    return this.#database.leases.setback(row);
  }

  /** A function to be called often; it renews the row's lease when it is time. */
  keeper(row: HeldRow): () => Promise<void> {
    let renewedAt = Date.now();
    return async () => {
      if (Date.now() - renewedAt < renewEveryMs) return;
      renewedAt = Date.now();
      await this.#database.leases.renew(row);
    };
  }
}
