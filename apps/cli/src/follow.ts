// Follows a job or an evaluation until it ends; Ctrl-C leaves it running.
import { APIUserAbortError } from '@styleforge/sdk';
import type { Evaluation, TrainingJob, WaitOptions } from '@styleforge/sdk';
import type { Context } from './context.ts';
import { Detached } from './exit-codes.ts';
import type { Output } from './terminal/output.ts';
import { progressOfEvaluation, progressOfJob, showProgress } from './terminal/progress.ts';
import type { Progress } from './terminal/progress.ts';

const POLL_MS = 500;

/** `comeBack` is the command that follows the work again. */
export async function untilInterrupted<T>(comeBack: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  process.once('SIGINT', leave);
  try {
    return await work(leaving.signal);
  } catch (error) {
    if (leaving.signal.aborted && error instanceof APIUserAbortError)
      throw new Detached(`It continues on the service. To follow it again: ${comeBack}`, { cause: error });
    throw error;
  } finally {
    process.removeListener('SIGINT', leave);
  }
}

export function followJob({ client, output }: Context, id: string): Promise<TrainingJob> {
  const wait = (options: WaitOptions<TrainingJob>) => client().trainingJobs.waitFor(id, options);
  return followWith(output, `styleforge jobs follow ${id}`, wait, progressOfJob);
}

export function followEvaluation({ client, output }: Context, id: string): Promise<Evaluation> {
  const wait = (options: WaitOptions<Evaluation>) => client().evaluations.waitFor(id, options);
  return followWith(output, `styleforge evaluations follow ${id}`, wait, progressOfEvaluation);
}

function followWith<T>(
  output: Output,
  comeBack: string,
  wait: (options: WaitOptions<T>) => Promise<T>,
  progressOf: (subject: T) => Progress,
): Promise<T> {
  return untilInterrupted(comeBack, async (signal) => {
    if (output.json) return wait({ signal });
    const display = showProgress();
    try {
      return await wait({ signal, pollInterval: POLL_MS, onProgress: (subject) => display.update(progressOf(subject)) });
    } finally {
      display.stop();
    }
  });
}
