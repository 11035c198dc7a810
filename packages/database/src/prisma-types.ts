// The Prisma client as repositories use it: the pooled client or one transaction.
import type { Prisma, PrismaClient } from './generated/client.ts';

export type { PrismaClient };
export type Transaction = Prisma.TransactionClient;
/** The type of a JSON column's input; contracts' types are plain JSON. */
export type JsonInput = Prisma.InputJsonValue;
