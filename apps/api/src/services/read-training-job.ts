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

export async function toTrainingJobBody(database: Database, row: TrainingJobRow): Promise<TrainingJobBody> {
  const [body] = await toTrainingJobBodies(database, [row]);
  return body as TrainingJobBody;
}

/** With their places in the queue as long as they wait there. */
export async function toTrainingJobBodies(database: Database, rows: TrainingJobRow[]): Promise<TrainingJobBody[]> {
  const queued = rows.filter(({ status }) => status === 'queued').map(({ id }) => id);
  const positions = await database.trainingJobs.queuePositions(queued);
  return rows.map((row) => presentTrainingJob(row, positions.get(row.id) ?? null));
}
