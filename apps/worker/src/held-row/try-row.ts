// One attempt at a row that this worker holds: updates the row according to the verdict when the attempt fails.
import type { Failure } from '@styleforge/contracts';
import { type HeldRow, MOST_SETBACKS } from '@styleforge/database';
import { type JobName, type JobOutcome, PermanentJobError } from '@styleforge/queue';
import type { Metrics } from '@styleforge/telemetry';
import { WorkerDiedError } from '../errors.ts';
import { countFailure, failureOf, verdictOf } from '../failures.ts';
import type { Logger } from '../logger.ts';
import type { DiskRoom } from '../machine/disk-room.ts';
import type { Leases } from './leases.ts';

export interface TriedRow extends HeldRow {
  queue: JobName;
  /** Crashes and failed attempts since something was last saved. */
  setbacks: number;
  /** Ends the row permanently. */
  fail(failure: Failure): Promise<unknown>;
  /** Records that an attempt failed and another one follows. */
  noteFailure?(failure: Failure): Promise<unknown>;
}

export interface TryServices {
  leases: Leases;
  room: Pick<DiskRoom, 'isShort'>;
  log: Logger;
  metrics?: Metrics | undefined;
}

export async function tryRow(row: TriedRow, services: TryServices, work: () => Promise<JobOutcome>): Promise<JobOutcome> {
  try {
    if (row.setbacks >= MOST_SETBACKS) {
      throw new WorkerDiedError(
        `The worker died ${row.setbacks} times during this work before anything new was saved; its log may have the reason`,
      );
    }
    const outcome = await work();
    await services.leases.release(row);
    return outcome;
  } catch (error) {
    return settle(row, error, services);
  }
}

async function settle(row: TriedRow, error: unknown, services: TryServices): Promise<JobOutcome> {
  const { leases, log, metrics } = services;
  const verdict = verdictOf(error);
  switch (verdict.kind) {
    case 'superseded':
    case 'away':
      await leases.release(row);
      throw error;
    case 'newer':
      await leases.release(row);
      log.warn({ err: error }, 'a newer version created this work; it goes back into the queue, and the attempt does not count');
      return 'again';
    case 'input':
    case 'timeout':
      countFailure(metrics, row.queue, error);
      return giveUp(row, error, log);
    case 'disk-full':
      if (!(await services.room.isShort())) return tryAgain(row, error, services);
      await row.noteFailure?.(failureOf(error));
      await leases.release(row);
      log.error({ err: error }, 'the disk is full; the work continues when there is space, and the attempt does not count');
      throw error;
    case 'again':
      return tryAgain(row, error, services);
  }
}

async function tryAgain(row: TriedRow, error: unknown, { leases, log, metrics }: TryServices): Promise<JobOutcome> {
  countFailure(metrics, row.queue, error);
  const setbacks = await leases.setback(row);
  if (setbacks >= MOST_SETBACKS || row.setbacks >= MOST_SETBACKS) return giveUp(row, error, log);
  await row.noteFailure?.(failureOf(error));
  log.error({ err: error, setbacks }, 'the attempt failed; it will be repeated');
  return 'again';
}

async function giveUp(row: TriedRow, error: unknown, log: Logger): Promise<never> {
  await row.fail(failureOf(error));
  log.error({ err: error }, 'the work failed and will not be tried again');
  throw error instanceof PermanentJobError
    ? error
    : new PermanentJobError(error instanceof Error ? error.message : String(error), { cause: error });
}
