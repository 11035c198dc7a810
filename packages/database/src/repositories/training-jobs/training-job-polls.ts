// A training job for status polls: its row, its place in the queue and its usage, in one statement.
import { Prisma } from '../../generated/client.ts';
import type { TrainingJob } from '../../generated/client.ts';
import type { Statements } from '../../statements.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';
import type { UsageAmounts } from '../installation/usage.ts';

/**
 * `position`: the number of jobs ahead of it; null once it has left the queue. `version` changes whenever any part changes,
 * and names the version of the row that Postgres stores. `read` builds the job, which a caller who has seen the version does not need.
 */
export type PolledJob = { version: string; read(): { job: TrainingJobRow; position: number | null; usage: UsageAmounts } };

const columns = Object.keys(Prisma.TrainingJobScalarFieldEnum)
  .map((field) => `job.${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} as "${field}"`)
  .join(', ');

const POLL = `
  select ${columns}, job.xmin::text || ' ' || job.ctid::text as "$stored",
    case when job.status = 'queued' then (select queue_position from training_job_positions(array[job.id])) end as "$position",
    used."$deviceSeconds", used."$steps", used."$images"
  from training_jobs job, lateral (
    select sum(device_seconds)::float8 as "$deviceSeconds", sum(steps)::int as "$steps", sum(images)::int as "$images"
    from usage_records where subject_id = job.id
  ) used
  where job.id = $1 and job.project_id = $2`;

type PollRow = TrainingJob & {
  $stored: string;
  $position: number | null;
  $deviceSeconds: number | null;
  $steps: number | null;
  $images: number | null;
};

/** Reads the job; null if the project has no such job. */
export async function pollTrainingJob(statements: Statements, projectId: string, id: string): Promise<PolledJob | null> {
  const [row] = await statements.run<PollRow>('poll_training_job', POLL, [id, projectId]);
  if (row === undefined) return null;
  const { $stored, $position: position, $deviceSeconds, $steps, $images, ...job } = row;
  const usage = { deviceSeconds: $deviceSeconds ?? 0, steps: $steps ?? 0, images: $images ?? 0 };
  const version = [$stored, position, ...Object.values(usage)].join(' ');
  return { version, read: () => ({ job: toTrainingJobRow(job), position, usage }) };
}
