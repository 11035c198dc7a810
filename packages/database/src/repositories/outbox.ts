// The outbox: work for the queue, written in the same transaction as the row that the work is about.
import type { JsonInput, PrismaClient, Transaction } from '../prisma-types.ts';

/** Postgres notifies this channel when a message is committed; the payload is the topic. */
export const OUTBOX_CHANNEL = 'styleforge_outbox';

export type OutboxMessage = { id: bigint; topic: string; key: string; payload: unknown };

/** Writes a message inside the caller's transaction. */
export async function addOutboxMessage(transaction: Transaction, topic: string, key: string, payload: JsonInput): Promise<void> {
  await transaction.outboxMessage.create({ data: { topic, key, payload } });
  await transaction.$executeRaw`select pg_notify(${OUTBOX_CHANNEL}, ${topic})`;
}

export type OutboxRepository = ReturnType<typeof createOutboxRepository>;

export function createOutboxRepository(prisma: PrismaClient) {
  return {
    /**
     * Hands up to `limit` messages, oldest first, to `publish` and removes them when it returns; when it throws they stay.
     * Several publishers may run at once: each sees other messages. Returns how many were published.
     */
    async publishBatch(limit: number, publish: (messages: OutboxMessage[]) => Promise<void>): Promise<number> {
      return prisma.$transaction(async (transaction) => {
        const messages = await transaction.$queryRaw<OutboxMessage[]>`
          select id, topic, key, payload from outbox order by id limit ${limit} for update skip locked`;
        if (messages.length === 0) return 0;
        await publish(messages);
        await transaction.outboxMessage.deleteMany({ where: { id: { in: messages.map(({ id }) => id) } } });
        return messages.length;
      }, { timeout: 30_000 });
    },

    async count(): Promise<number> {
      return prisma.outboxMessage.count();
    },
  };
}
