// Unfinished work that no live worker holds: finding stranded rows, and putting work back into the outbox.
import { ACTIVE_JOB_STATUSES } from '@styleforge/contracts';
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { OUTBOX_CHANNEL } from './outbox.ts';

export type WorkTopic = 'train' | 'generate' | 'evaluate' | 'webhook' | 'export';
/** Work that no worker holds. `id` is that of the row and of its queue entry. */
export type UnheldWork = { topic: WorkTopic; id: string };

const unfinished = (topic: WorkTopic): Prisma.Sql => {
  switch (topic) {
    case 'train':
      return Prisma.sql`
        select id, project_id, priority, jsonb_build_object('jobId', id) as payload, updated_at as since, lease_until from training_jobs
        where status = any(${['queued', ...ACTIVE_JOB_STATUSES]})`;
    case 'generate':
      return Prisma.sql`
        select id, project_id, 0::smallint as priority, jsonb_build_object('generationId', id) as payload, updated_at as since, lease_until
        from generations where status in ('queued', 'running')`;
    case 'evaluate':
      // The evaluation stage of a training job is part of its job.
      return Prisma.sql`
        select id, project_id, 0::smallint as priority, jsonb_build_object('evaluationId', id) as payload, updated_at as since, lease_until
        from evaluations where status in ('queued', 'running') and training_job_id is null`;
    case 'export':
      return Prisma.sql`
        select id, project_id, 0::smallint as priority, jsonb_build_object('exportId', id) as payload, updated_at as since, lease_until
        from exports where status in ('queued', 'running')`;
    case 'webhook':
      return Prisma.sql`
        select id, project_id, 0::smallint as priority, jsonb_build_object('deliveryId', id) as payload,
          coalesce(last_attempt_at, created_at) as since, null::timestamptz as lease_until
        from webhook_deliveries where status = 'pending'`;
  }
};

const isFree = Prisma.sql`(lease_until is null or lease_until < now())`;

/** Condition for work without message and worker; `olderThanMs`: milliseconds since the last change. */
const unheld = (topic: WorkTopic, olderThanMs: number): Prisma.Sql => Prisma.sql`
  select work.* from (${unfinished(topic)}) work
  where ${isFree} and since < now() - make_interval(secs => ${olderThanMs / 1_000})
    and not exists (select 1 from outbox where outbox.topic = ${topic} and outbox.key = work.id)`;

export function createStrandedRepository(prisma: PrismaClient) {
  return {
    /**
     * Stranded rows, up to `limit`, chosen at random: many webhooks wait in the queue for their next attempt, and each call returns others
     * of them.
     */
    async unheld(topic: WorkTopic, olderThanMs: number, limit: number): Promise<UnheldWork[]> {
      const rows = await prisma.$queryRaw<{ id: string }[]>`
        select id from (${unheld(topic, olderThanMs)}) found order by random() limit ${limit}`;
      return rows.map(({ id }) => ({ topic, id }));
    },

    /** Puts the work into the outbox, unless it has ended, is held, or is already there. Returns the number of rows. */
    async putBack(topic: WorkTopic, ids: string[], olderThanMs: number): Promise<number> {
      if (ids.length === 0) return 0;
      const rows = await prisma.$queryRaw<unknown[]>`
        with message as (
          insert into outbox (topic, key, payload, project_id, priority)
          select ${topic}, id, payload, project_id, priority from (${unheld(topic, olderThanMs)}) work where id = any(${ids})
          returning topic
        )
        select pg_notify(${OUTBOX_CHANNEL}, topic)::text from message`;
      return rows.length;
    },

    /** The project of the work; null if the work has ended or is unknown. */
    async projectOf(topic: WorkTopic, id: string): Promise<string | null> {
      const [row] = await prisma.$queryRaw<{ projectId: string }[]>`
        select project_id as "projectId" from (${unfinished(topic)}) work where id = ${id}`;
      return row?.projectId ?? null;
    },

    /** Whether a project other than these has work that no worker holds. */
    async othersWait(topic: WorkTopic, projectIds: readonly string[]): Promise<boolean> {
      const [row] = await prisma.$queryRaw<{ wait: boolean }[]>`
        select exists (select from (${unfinished(topic)}) work where ${isFree} and project_id <> all(${[...projectIds]})) as wait`;
      return row?.wait === true;
    },

    /**
     * Moves work from a worker back into the outbox, ahead of the project's other messages. False if the work has ended, or is already in
     * the outbox or with another worker.
     */
    async giveBack(topic: WorkTopic, id: string): Promise<boolean> {
      const rows = await prisma.$queryRaw<unknown[]>`
        with message as (
          insert into outbox (topic, key, payload, project_id, priority)
          select ${topic}, id, payload, project_id, ${BEFORE_ALL}::smallint from (${unfinished(topic)}) work
          where id = ${id} and ${isFree} and not exists (select 1 from outbox where outbox.topic = ${topic} and outbox.key = work.id)
          returning topic
        )
        select pg_notify(${OUTBOX_CHANNEL}, topic)::text from message`;
      return rows.length > 0;
    },
  };
}

/** A priority above every priority that callers can request. */
const BEFORE_ALL = 1_000;
