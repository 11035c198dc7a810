// Whether the work of a stack has saved anything new: work that is ended more often than that is given up, and rightly.
import type { Database } from '@styleforge/database';

/** Ends without anything new that are left to the work: it is given up at the third. */
const MOST_ENDS = 2;

export class WorkProgress {
  readonly #database: Database;
  #seen: readonly number[] = [];
  #ends = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether the work under way may be ended once more. */
  async mayEnd(): Promise<boolean> {
    // A database that is away tells of no progress.
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

  /** Checkpoints and images so far; more than before, too, for a kind of which nothing is under way. */
  async #saved(): Promise<number[]> {
    const totals = await this.#database.measurements.totals();
    return [
      totals.unfinishedJobs === 0 ? Number.MAX_SAFE_INTEGER : totals.checkpoints,
      totals.unfinishedGenerations === 0 ? Number.MAX_SAFE_INTEGER : totals.generatedImages,
    ];
  }
}
