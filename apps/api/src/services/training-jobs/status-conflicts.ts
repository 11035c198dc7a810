// Explains why a training job cannot be paused or resumed in its status, and what to do instead.
import { isFinishedJob } from '@styleforge/contracts';
import type { PauseOutcome } from '@styleforge/database';
import { ApiError } from '../../errors/api-error.ts';

type Conflict = Extract<PauseOutcome, { kind: 'conflict' }>;

export function pauseConflict(id: string, conflict: Conflict): ApiError {
  return new ApiError('status_conflict', `The training job ${id} ${whyNotPaused(conflict)}`);
}

export function resumeConflict(id: string, conflict: Conflict): ApiError {
  return new ApiError('status_conflict', `The training job ${id} ${whyNotResumed(conflict)}`);
}

function whyNotPaused({ status, cancelRequested }: Conflict): string {
  // A finished job keeps the request that ended it.
  if (isFinishedJob(status)) return `has ended (${status}): only a queued or running job can be paused.`;
  if (cancelRequested)
    return 'is being cancelled and can no longer be paused. It saves a checkpoint: wait until it is cancelled, then resume it from there.';
  return `is ${status}: its training is done, and only a queued or running job can be paused. Wait until it has finished, or cancel it.`;
}

function whyNotResumed({ status, cancelRequested }: Conflict): string {
  if (cancelRequested) return 'is being cancelled: wait until it is cancelled, then resume it.';
  if (status === 'pausing') return 'is pausing: wait until it is paused, then resume it.';
  return (
    `is ${status}: max_train_steps can be changed when it is paused or has ended. Pause it or wait until it has ` + 'ended, then resume it.'
  );
}
