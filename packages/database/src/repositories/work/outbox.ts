// The outbox: messages for the queue, written in the same transaction as the row that they are about, and released project by project.
import { currentOrigin } from '@styleforge/telemetry';
import { Prisma } from '../../generated/client.ts';
import type { JsonInput, PrismaClient, Transaction } from '../../prisma-types.ts';
import { advanceShares, fairOrder, nextMessages } from './fair-order.ts';

/** Channel that Postgres notifies when a message is committed or the status of a job changes. */
export const OUTBOX_CHANNEL = 'styleforge_outbox';

export type OutboxMessage = { id: bigint; topic: string; key: string; payload: unknown; createdAt: Date };
export type NewOutboxMessage = { topic: string; key: string; payload: Record<string, JsonInput>; projectId: string; priority?: number };
export type Release = {
  topic: string;
  /** Number of messages that the queue can accept. Called first, and again when no other publisher can fill the queue. */
  room(): Promise<number>;
  /** Sends messages. Returns those that the queue cannot accept, by id, with the reason; they are set aside. */
  publish(messages: OutboxMessage[]): Promise<Map<bigint, string> | void>;
  /** Limit of a project's training jobs under way, unless the project has its own. */
  maxRunningJobs?: number | null;
};

/** First half of the publisher's advisory lock; the topic's hash is the second. */
const RELEASE_LOCK = 83_416_206;

/** Writes a message within the caller's transaction. It stores the id of the request that caused it. */
export async function addOutboxMessage(
  transaction: Transaction | PrismaClient,
  { topic, key, payload, projectId, priority = 0 }: NewOutboxMessage,
): Promise<void> {
  await transaction.$executeRaw`
    with message as (
      insert into outbox (topic, key, payload, project_id, priority)
      select ${topic}, ${key}, ${JSON.stringify(outboxBody(payload))}::jsonb, ${projectId}, ${priority}::smallint returning topic
    )
    select pg_notify(${OUTBOX_CHANNEL}, topic) from message`;
}

/** A payload with the request that caused it, as the outbox stores it. */
export const outboxBody = (payload: NewOutboxMessage['payload']): object => ({ ...payload, origin: currentOrigin() });

/** Removes messages that have not been released. */
export async function removeOutboxMessages(transaction: Transaction, topic: string, key: string): Promise<void> {
  await transaction.outboxMessage.deleteMany({ where: { topic, key } });
}

export function createOutboxRepository(prisma: PrismaClient) {
  async function isWaiting(topic: string): Promise<boolean> {
    const [row] = await prisma.$queryRaw<
      { waiting: boolean }[]
    >`select exists (select 1 from outbox where topic = ${topic} and parked_at is null) as waiting`;
    return row?.waiting === true;
  }

  return {
    /**
     * Passes the messages whose turn it is to `publish`, and removes them when it returns; if it throws, they stay. One publisher
     * at a time works on a topic; the others have nothing to do. Returns the number of messages.
     */
    async release({ topic, room, publish, maxRunningJobs = null }: Release): Promise<number> {
      // Most calls end here, because every publisher is notified and only one of them has something to do.
      if ((await room()) <= 0 || !(await isWaiting(topic))) return 0;
      return prisma.$transaction(
        async (transaction) => {
          const [lock] = await transaction.$queryRaw<
            { held: boolean }[]
          >`select pg_try_advisory_xact_lock(${RELEASE_LOCK}, hashtext(${topic})) as held`;
          if (!lock?.held) return 0;
          const limit = await room();
          if (limit <= 0) return 0;
          const turns = await transaction.$queryRaw<(OutboxMessage & { projectId: string; start: number })[]>`
          select id, topic, key, payload, project_id as "projectId", created_at as "createdAt", start
          from (${fairOrder(nextMessages(topic, limit, maxRunningJobs))}) ordered
          order by start, priority desc, id limit ${limit}`;
          if (turns.length === 0) return 0;
          const refused =
            (await publish(turns.map(({ id, key, payload, createdAt }) => ({ id, topic, key, payload, createdAt })))) ??
            new Map<bigint, string>();
          for (const [id, reason] of refused)
            await transaction.outboxMessage.update({ where: { id }, data: { parkedAt: new Date(), parkedReason: reason } });
          await transaction.outboxMessage.deleteMany({ where: { id: { in: turns.map(({ id }) => id).filter((id) => !refused.has(id)) } } });
          await advanceShares(transaction, topic, turns);
          return turns.length;
        },
        { timeout: 60_000 },
      );
    },

    /** Sets aside messages of unknown topics, and takes back those whose topic is known now. Returns those that were set aside. */
    async parkUnknown(topics: string[]): Promise<OutboxMessage[]> {
      const known = Prisma.sql`topic = any(${topics})`;
      await prisma.$executeRaw`update outbox set parked_at = null, parked_reason = null where parked_reason = ${UNKNOWN_TOPIC} and ${known}`;
      return prisma.$queryRaw<OutboxMessage[]>`
        update outbox set parked_at = now(), parked_reason = ${UNKNOWN_TOPIC} where parked_at is null and not ${known} returning id, topic, key, payload, created_at as "createdAt"`;
    },

    /** Number of messages, without those that are set aside. */
    async count(): Promise<number> {
      return prisma.outboxMessage.count({ where: { parkedAt: null } });
    },

    async parked(): Promise<{ topic: string; key: string; parkedReason: string | null }[]> {
      return prisma.outboxMessage.findMany({
        where: { parkedAt: { not: null } },
        select: { topic: true, key: true, parkedReason: true },
        orderBy: { id: 'asc' },
      });
    },
  };
}

const UNKNOWN_TOPIC = 'unknown topic';
