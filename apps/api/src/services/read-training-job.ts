// Reads a job of the caller's project, as a row or as its response body.
import type { TrainingJobBody } from '@styleforge/contracts';
import type { Database, TrainingJobRow } from '@styleforge/database';
import { notFound } from '../errors/api-error.ts';
import { presentTrainingJob } from '../presenters/training-jobs.ts';

export async function findTrainingJob(database: Database, projectId: string, id: string): Promise<TrainingJobRow> {
  const row = await database.trainingJobs.find(projectId, id);
  if (row === null) throw notFound('training job', id);
  return row;
}

/** With its place in the queue as long as it waits there. */
export async function toTrainingJobBody(database: Database, row: TrainingJobRow): Promise<TrainingJobBody> {
  const position = row.status === 'queued' ? await database.trainingJobs.countQueuedBefore(row.id) : null;
  return presentTrainingJob(row, position);
}
