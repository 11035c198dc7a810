// Tracks whether the work of a stack has saved anything new. The service gives up work that is interrupted repeatedly without progress.
import type { Database } from '@styleforge/database';

/** Maximum number of interruptions without new results; the service gives the work up at the third. */
const MOST_ENDS = 2;

export class WorkProgress {
  readonly #database: Database;
  #seen: readonly number[] = [];
  #ends = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether the running work may be interrupted once more. */
  async mayEnd(): Promise<boolean> {
    // No progress can be read while the database is unavailable.
    const now = await this.#saved().catch(() => this.#seen);
    if (this.#seen.length === 0 || now.every((count, kind) => count > (this.#seen[kind] ?? 0) || count === Number.MAX_SAFE_INTEGER)) {
      this.#seen = now;
      this.#ends = 0;
    }
    return this.#ends < MOST_ENDS;
  }

  hasEnded(): void {
    this.#ends += 1;
  }

  /** Number of checkpoints and images so far. A kind of work that is not running counts as progress. */
  async #saved(): Promise<number[]> {
    const totals = await this.#database.measurements.totals();
    return [
      totals.unfinishedJobs === 0 ? Number.MAX_SAFE_INTEGER : totals.checkpoints,
      totals.unfinishedGenerations === 0 ? Number.MAX_SAFE_INTEGER : totals.generatedImages,
    ];
  }
}
