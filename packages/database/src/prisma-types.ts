// The Prisma client as repositories see it: the pooled client or one transaction.
import type { Prisma, PrismaClient } from './generated/client.ts';

export type { PrismaClient };
export type Transaction = Prisma.TransactionClient;
/** What a JSON column takes; contracts' types are plain JSON. */
export type JsonInput = Prisma.InputJsonValue;
