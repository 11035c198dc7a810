// The durable event log of training jobs.
import { FINISHED_JOB_STATUSES } from '@styleforge/contracts';
import type { JobEvent } from '../../generated/client.ts';
import type { JsonInput, PrismaClient, Transaction } from '../../prisma-types.ts';
import { announceJob, announceStudyOf } from '../webhooks/webhook-announcements.ts';

export type JobEventRow = JobEvent;
export type EventData = Record<string, JsonInput | null>;

const ENDS = FINISHED_JOB_STATUSES.map((status) => `job.${status}`);

/**
 * Appends an event. Endpoints that subscribe to it receive it. Numbers are assigned under the lock of the job's row, so they are committed
 * in order and without gaps.
 */
export async function appendJobEvent(
  client: Transaction | PrismaClient,
  jobId: string,
  type: string,
  data: EventData = {},
): Promise<number> {
  const rows = await client.$queryRaw<{ sequence: number }[]>`
    with numbered as (
      update training_jobs set event_count = event_count + 1 where id = ${jobId} returning event_count
    )
    insert into job_events (job_id, sequence, type, data)
    select ${jobId}, event_count, ${type}, ${JSON.stringify(data)}::jsonb from numbered
    returning sequence`;
  const [row] = rows;
  if (row === undefined) throw new Error(`Cannot log ${type}: there is no training job ${jobId}.`);
  await announceJob(client, jobId, type);
  if (ENDS.includes(type)) await announceStudyOf(client, jobId);
  return row.sequence;
}

export function createEventRepository(prisma: PrismaClient) {
  return {
    append: (jobId: string, type: string, data?: EventData) => appendJobEvent(prisma, jobId, type, data),

    /** Events after a sequence number, oldest first. */
    async list(jobId: string, after: number, limit: number): Promise<JobEventRow[]> {
      return prisma.jobEvent.findMany({ where: { jobId, sequence: { gt: after } }, orderBy: { sequence: 'asc' }, take: limit });
    },
  };
}
