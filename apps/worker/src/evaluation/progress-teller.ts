// Tells the database at a bearable rate how far an evaluation is, and hears there whether it is to be cancelled.
import type { EvaluationProgress } from '@styleforge/contracts';
import { StaleAttemptError } from '@styleforge/database';
import type { Logger } from '../logger.ts';

const intervalMs = 1_000;

export interface ProgressTeller {
  add(progress: EvaluationProgress): void;
  /** Writes what is left. */
  stop(): Promise<void>;
}

interface TellerOptions {
  log: Logger;
  tell(progress: EvaluationProgress): Promise<{ cancelRequested: boolean }>;
  onCancelRequested(): void;
  /** Another worker has taken it over. */
  onSuperseded(): void;
}

/** A database that is away for a moment costs no image: the next tick writes it all. */
export function startTelling({ log, tell, onCancelRequested, onSuperseded }: TellerOptions): ProgressTeller {
  let latest: EvaluationProgress = { phase: 'images', done: 0, of: 0 };
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const tick = async (): Promise<void> => {
    try {
      if ((await tell(latest)).cancelRequested) onCancelRequested();
    } catch (error) {
      if (error instanceof StaleAttemptError) onSuperseded();
      else log.warn({ err: error }, 'progress could not be written; trying again');
    }
  };
  const schedule = (): void => {
    if (!stopped) timer = setTimeout(() => void (running = tick().finally(schedule)), intervalMs);
  };
  schedule();
  return {
    add: (progress) => void (latest = progress),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await tick();
    },
  };
}
