// Reads a job of the caller's project, as a row or as its response body.
import type { TrainingJobBody } from '@styleforge/contracts';
import type { Database, QueuedTrainingJob, TrainingJobRow } from '@styleforge/database';
import { notFound } from '../../errors/api-error.ts';
import type { Versioned } from '../../http/kept-bodies.ts';
import { presentTrainingJob } from '../../presenters/training-jobs.ts';
import { presentUsage } from '../operations/usage.ts';

export async function findTrainingJob(database: Database, projectId: string, id: string): Promise<TrainingJobRow> {
  const row = await database.trainingJobs.find(projectId, id);
  if (row === null) throw notFound('training job', id);
  return row;
}

/** Response of a status poll; null if its version is `known`. `version` changes whenever the body changes. */
export async function pollTrainingJob(
  database: Database,
  poll: { projectId: string; id: string; known: string | undefined },
): Promise<Versioned<TrainingJobBody> | null> {
  const polled = await database.trainingJobs.poll(poll);
  if (polled === null) throw notFound('training job', poll.id);
  const { version, read } = polled;
  if (read === null) return null;
  const make = () => {
    const { job, position, usage } = read();
    return { ...presentTrainingJob(job, position), usage: presentUsage(usage) };
  };
  return { version, make };
}

/** Presents a job that has just been queued and has no usage yet. */
export async function toNewJobBody(database: Database, row: QueuedTrainingJob): Promise<TrainingJobBody> {
  const position = row.position ?? (await database.trainingJobs.positionOf(row.id));
  return { ...presentTrainingJob(row, position), usage: presentUsage(undefined) };
}

export async function toTrainingJobBody(database: Database, row: TrainingJobRow): Promise<TrainingJobBody> {
  const [body] = await toTrainingJobBodies(database, [row]);
  return body as TrainingJobBody;
}

/** Presents jobs with their usage and, while queued, their positions in the queue. */
export async function toTrainingJobBodies(database: Database, rows: TrainingJobRow[]): Promise<TrainingJobBody[]> {
  const queued = rows.filter(({ status }) => status === 'queued').map(({ id }) => id);
  const [positions, usage] = await Promise.all([
    database.trainingJobs.queuePositions(queued),
    database.usage.bySubject(rows.map(({ id }) => id)),
  ]);
  return rows.map((row) => ({ ...presentTrainingJob(row, positions.get(row.id) ?? null), usage: presentUsage(usage.get(row.id)) }));
}
