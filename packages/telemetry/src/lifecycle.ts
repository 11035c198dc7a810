// Starts and stops processes in phases, each with its own deadline.
import type { Logger } from './logger.ts';

export class DeadlineError extends Error {
  override name = 'DeadlineError';
}

export interface Phase {
  name: string;
  deadlineMs: number;
  run(): Promise<unknown>;
}

export async function withDeadline<Result>(name: string, deadlineMs: number, work: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new DeadlineError(`${name} did not end within ${deadlineMs / 1_000} seconds`)), deadlineMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs the phases one after the other, even if one of them fails or is late. Returns whether all succeeded. */
export async function shutDown(phases: Phase[], log: Pick<Logger, 'info' | 'error'>): Promise<boolean> {
  let orderly = true;
  for (const { name, deadlineMs, run } of phases) {
    try {
      await withDeadline(name, deadlineMs, run);
    } catch (error) {
      orderly = false;
      log.error({ err: error, phase: name }, 'a phase of the shutdown failed; continuing with the next');
    }
  }
  log.info({ orderly }, 'stopped');
  return orderly;
}
