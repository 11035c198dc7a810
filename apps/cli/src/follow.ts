// Follows something until it ends; Ctrl-C leaves it running.
import { APIUserAbortError } from '@styleforge/sdk';
import type { TrainingJob } from '@styleforge/sdk';
import type { Context } from './context.ts';
import { Detached } from './exit-codes.ts';
import { showProgress } from './terminal/progress.ts';

const POLL_MS = 500;

/** `comeBack` is the command that goes on where the user has left. */
export async function untilInterrupted<T>(comeBack: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  process.once('SIGINT', leave);
  try {
    return await work(leaving.signal);
  } catch (error) {
    if (leaving.signal.aborted && error instanceof APIUserAbortError) throw new Detached(`It goes on without you. To come back: ${comeBack}`, { cause: error });
    throw error;
  } finally {
    process.removeListener('SIGINT', leave);
  }
}

export function followJob({ client, output }: Context, id: string): Promise<TrainingJob> {
  return untilInterrupted(`styleforge jobs follow ${id}`, async (signal) => {
    if (output.json) return client().trainingJobs.waitFor(id, { signal });
    const display = showProgress();
    try {
      return await client().trainingJobs.waitFor(id, { signal, pollInterval: POLL_MS, onProgress: (job) => display.update(job) });
    } finally {
      display.stop();
    }
  });
}
