// A worker's hold on a row: a time until which it is held, and a count of what went wrong since something was last saved.
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';

/** Number of setbacks since the last saved result after which a row fails. */
export const MOST_SETBACKS = 3;

export type LeasedTable = 'training_jobs' | 'generations' | 'evaluations' | 'exports';
export type HeldRow = { table: LeasedTable; id: string; attempt: number };

/** End of a lease by the database's clock: the clocks of the workers may differ, or jump. */
export const leaseEnd = Prisma.sql`now() + interval '60 seconds'`;

/** Condition for the statement that claims a row: a lease that its holder has not cleared was left by one that died. */
export const takeLease = Prisma.sql`setbacks = setbacks + case when lease_until is null then 0 else 1 end, lease_until = ${leaseEnd}`;

export function createLeaseRepository(prisma: PrismaClient) {
  const where = ({ id, attempt }: HeldRow) => Prisma.sql`where id = ${id} and attempt = ${attempt}`;
  return {
    /** False when the attempt does not hold the row any more. */
    async renew(row: HeldRow): Promise<boolean> {
      const held = Prisma.sql`${where(row)} and lease_until is not null`;
      return (await prisma.$executeRaw`update ${Prisma.raw(row.table)} set lease_until = ${leaseEnd} ${held}`) > 0;
    },

    /** Releases the row in order, so that the next worker does not count a crash. */
    async release(row: HeldRow): Promise<void> {
      await prisma.$executeRaw`update ${Prisma.raw(row.table)} set lease_until = null ${where(row)}`;
    },

    /** Releases the row after a failed attempt. Returns the setbacks since the last saved result. */
    async setback(row: HeldRow): Promise<number> {
      const rows = await prisma.$queryRaw<{ setbacks: number }[]>`
        update ${Prisma.raw(row.table)} set setbacks = setbacks + 1, lease_until = null ${where(row)} returning setbacks`;
      return rows[0]?.setbacks ?? 0;
    },
  };
}

/** Resets the setbacks: something new has been saved. */
export async function forgetSetbacks(prisma: PrismaClient | Transaction, table: LeasedTable, id: string): Promise<void> {
  await prisma.$executeRaw`update ${Prisma.raw(table)} set setbacks = 0 where id = ${id} and setbacks > 0`;
}
