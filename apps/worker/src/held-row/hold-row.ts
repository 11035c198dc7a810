// The one loop by which a worker holds a row while it works: it renews the lease, writes what is new, and learns whether the work is to
// stop.
import { type HeldRow, StaleAttemptError, type StopWish } from '@styleforge/database';
import type { StopReason } from '@styleforge/queue';
import type { Services } from '../services.ts';

/** State of the work according to its row: a stop was requested, another worker holds it, or it must leave its slot to another project. */
export type Wish = 'cancelled' | 'paused' | 'superseded' | 'moves-over';

/** All reasons to end work early: those of the queue and those of the row. */
export type EndReason = StopReason | Wish;

export interface HoldOptions {
  /** The queue's reasons to stop. */
  signal: AbortSignal;
  everyMs?: number;
  /** Writes new state and returns the row's state. Throws StaleAttemptError if another worker holds the row. */
  beat(): Promise<Wish | null>;
}

export interface Hold {
  /** Aborted by the first reason to stop; further reasons are ignored. */
  readonly signal: AbortSignal;
  /** Reason to stop; defined only after the signal was aborted. */
  reason(): EndReason;
  /** Called when another write has shown that another worker holds the row, or that it has ended. */
  lost(): void;
  /** Ends the loop, and writes the remaining state. */
  end(): Promise<void>;
}

const usualIntervalMs = 1_000;

/** Writes the current state. If the database is unavailable for a moment, the next call writes everything. */
export function holdRow(
  row: HeldRow,
  { signal, everyMs = usualIntervalMs, beat }: HoldOptions,
  services: Services<'leases' | 'log'>,
): Hold {
  const heard = new AbortController();
  const renewLease = services.leases.keeper(row);
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const tick = async (): Promise<void> => {
    try {
      await renewLease();
      const wish = await beat();
      if (wish !== null) heard.abort(wish);
    } catch (error) {
      if (error instanceof StaleAttemptError) heard.abort('superseded' satisfies Wish);
      else services.log.warn({ err: error, table: row.table, id: row.id }, 'progress could not be written; trying again');
    }
  };
  const schedule = (): void => {
    if (!ended) timer = setTimeout(() => void (running = tick().finally(schedule)), everyMs);
  };
  schedule();
  const either = AbortSignal.any([signal, heard.signal]);
  return {
    signal: either,
    reason: () => either.reason as EndReason,
    lost: () => heard.abort('superseded' satisfies Wish),
    async end() {
      ended = true;
      clearTimeout(timer);
      await running;
      await tick();
    },
  };
}

export function wishOf({ cancelRequested, pauseRequested = false }: Pick<StopWish, 'cancelRequested'> & Partial<StopWish>): Wish | null {
  if (cancelRequested) return 'cancelled';
  return pauseRequested ? 'paused' : null;
}
