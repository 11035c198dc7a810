// Training jobs for status polls: row, place in the queue and usage. Polls that arrive during a statement share the next one.
import { Batches } from '../../batches.ts';
import { Prisma } from '../../generated/client.ts';
import type { TrainingJob } from '../../generated/client.ts';
import type { Statements } from '../../statements.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';
import type { UsageAmounts } from '../installation/usage.ts';

/** `position`: the number of jobs ahead of it; null once it has left the queue. */
export type JobState = { job: TrainingJobRow; position: number | null; usage: UsageAmounts };

/**
 * `version` changes whenever any part of the state changes, and names the version of the row that Postgres stores.
 * `read` builds the state; null if `version` is the one that the caller knows, because Postgres then sends no row.
 */
export type PolledJob = { version: string; read: (() => JobState) | null };

/** `known`: the version whose state the caller has. */
type Poll = { projectId: string; id: string; known?: string | undefined };

const columns = Object.keys(Prisma.TrainingJobScalarFieldEnum)
  .map((field) => `${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} as "${field}"`)
  .join(', ');

// The limits make Postgres look up one job after the other. Positions have a fixed cost, so their function only runs if a job is queued.
const POLL = `
  with looked_up as materialized (
    select wanted.number, wanted.known, job.id, job.status, job.xmin, job.ctid
    from unnest((select $1::text[]), (select $2::text[]), (select $3::text[])) with ordinality wanted(project_id, id, known, number)
    cross join lateral (
      select id, status, xmin, ctid from training_jobs where id = wanted.id and project_id = wanted.project_id limit 1
    ) job
  ), positions as (
    select place.job_id, place.queue_position
    from (select array_agg(distinct id) as ids from looked_up where status = 'queued' having count(*) > 0) queued
    cross join lateral training_job_positions(queued.ids) place
  ), polled as (
    select looked_up.*, positions.queue_position, used.*,
      concat_ws(' ', xmin, ctid, coalesce(queue_position, -1), device_seconds, steps, images) as version
    from looked_up left join positions on positions.job_id = looked_up.id
    cross join lateral (
      select coalesce(sum(device_seconds), 0)::float8 as device_seconds, coalesce(sum(steps), 0)::int as steps, coalesce(sum(images), 0)::int as images
      from usage_records where subject_id = looked_up.id
    ) used
  )
  select polled.number::int as "$number", polled.version as "$version", polled.queue_position as "$position",
    polled.device_seconds as "$deviceSeconds", polled.steps as "$steps", polled.images as "$images", stored.*
  from polled left join lateral (
    select ${columns} from training_jobs where id = polled.id and polled.version is distinct from polled.known limit 1
  ) stored on true`;

type PollRow = (TrainingJob | { id: null }) & {
  $number: number;
  $version: string;
  $position: number | null;
  $deviceSeconds: number;
  $steps: number;
  $images: number;
};

/** Reads a job for a poll; null if the project has no such job. */
export function trainingJobPoller(statements: Statements): (poll: Poll) => Promise<PolledJob | null> {
  const batches = new Batches<Poll, PolledJob | null>((_key, polls) => readJobs(statements, polls), { failTogether: true });
  return (poll) => batches.add('', poll);
}

/** Polls of the same version of a job are one row of the statement. */
async function readJobs(statements: Statements, polls: Poll[]): Promise<(PolledJob | null)[]> {
  const keys = polls.map(({ projectId, id, known = '' }) => [projectId, id, known].join(' '));
  const different = new Map(keys.map((key, index) => [key, polls[index]!]));
  const asked = [...different.values()];
  const rows = await statements.run<PollRow>('poll_training_jobs', POLL, [
    asked.map(({ projectId }) => projectId),
    asked.map(({ id }) => id),
    asked.map(({ known }) => known ?? null),
  ]);
  const askedKeys = [...different.keys()];
  const found = new Map(rows.map((row) => [askedKeys[row.$number - 1], toPolledJob(row)]));
  return keys.map((key) => found.get(key) ?? null);
}

function toPolledJob({ $number, $version: version, $position: position, $deviceSeconds, $steps, $images, ...job }: PollRow): PolledJob {
  if (job.id === null) return { version, read: null };
  const usage = { deviceSeconds: $deviceSeconds, steps: $steps, images: $images };
  return { version, read: () => ({ job: toTrainingJobRow(job), position, usage }) };
}
