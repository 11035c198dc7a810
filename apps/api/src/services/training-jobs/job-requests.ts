// Asks a running job for a checkpoint or for sample images, without stopping it.
import { isFinishedJob } from '@styleforge/contracts';
import type { TrainingJobBody } from '@styleforge/contracts';
import type { Database, JobRequest, JobRequestOutcome } from '@styleforge/database';
import { ApiError, notFound } from '../../errors/api-error.ts';
import { toTrainingJobBody } from './read-training-job.ts';

type Conflict = Extract<JobRequestOutcome, { kind: 'conflict' }>;

export async function requestOfJob(database: Database, projectId: string, id: string, request: JobRequest): Promise<TrainingJobBody> {
  const outcome = await database.trainingJobs.request(projectId, id, request);
  switch (outcome.kind) {
    case 'not_found':
      throw notFound('training job', id);
    case 'conflict':
      throw new ApiError('status_conflict', `The training job ${id} ${whyNot(outcome)}`);
    case 'done':
      return toTrainingJobBody(database, outcome.job);
  }
}

function whyNot({ status, cancelRequested }: Conflict): string {
  if (isFinishedJob(status)) return `has ended (${status}), so nothing further can be saved or sampled. Resume it to train further.`;
  if (cancelRequested) return 'is being cancelled: it saves a checkpoint before it stops.';
  switch (status) {
    case 'queued':
      return 'is queued and has nothing to save yet: wait until it runs.';
    case 'pausing':
      return 'is pausing: it saves a checkpoint before it stops.';
    case 'paused':
      return 'is paused, and its last checkpoint is already saved. Resume it first.';
    default:
      return `is ${status}: its training is done, and its last checkpoint is saved.`;
  }
}
