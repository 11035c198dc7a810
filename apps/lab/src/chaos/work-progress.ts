// Tracks whether the work of a stack has saved anything new. The service gives up work that is interrupted repeatedly without progress.
import type { Database } from '@styleforge/database';

/** Maximum number of interruptions without new results; the service gives the work up at the third. */
const MOST_ENDS = 2;

/** Number of results that each kind of work has saved: checkpoints and images. null: no work of this kind is running. */
type Saved = readonly (number | null)[];

export class WorkProgress {
  readonly #database: Pick<Database, 'measurements'>;
  #seen: Saved | undefined;
  #ends = 0;

  constructor(database: Pick<Database, 'measurements'>) {
    this.#database = database;
  }

  /** Whether the running work may be interrupted once more. While the database is unavailable, nothing counts as progress. */
  async mayEnd(): Promise<boolean> {
    const now = await this.#saved().catch(() => undefined);
    if (now !== undefined) this.#compare(now);
    return this.#ends < MOST_ENDS;
  }

  hasEnded(): void {
    this.#ends += 1;
  }

  /** Work that began after the last comparison is compared with its first number of results. */
  #compare(now: Saved): void {
    const seen = this.#seen ?? now;
    const hasProgress = now.every((count, kind) => count === null || count > (seen[kind] ?? Infinity));
    if (hasProgress) this.#ends = 0;
    this.#seen = hasProgress ? now : now.map((count, kind) => seen[kind] ?? count);
  }

  async #saved(): Promise<Saved> {
    const totals = await this.#database.measurements.totals();
    return [totals.unfinishedJobs === 0 ? null : totals.checkpoints, totals.unfinishedGenerations === 0 ? null : totals.generatedImages];
  }
}
