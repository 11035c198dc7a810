// A worker's hold on a row: its lease, and the number of setbacks since something was last saved.
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';

/** Number of setbacks since the last saved result after which a row fails. */
export const MOST_SETBACKS = 3;

export type LeasedTable = 'training_jobs' | 'generations' | 'evaluations' | 'exports';
export type HeldRow = { table: LeasedTable; id: string; attempt: number };

/** End of a lease by the database's clock, because the clocks of the workers may differ or jump. */
export const leaseEnd = Prisma.sql`now() + interval '60 seconds'`;

/** Part of the statement that claims a row: a lease that was not cleared counts as a setback, because its holder died. */
export const takeLease = Prisma.sql`setbacks = setbacks + case when lease_until is null then 0 else 1 end, lease_until = ${leaseEnd}`;

export function createLeaseRepository(prisma: PrismaClient) {
  const where = ({ id, attempt }: HeldRow) => Prisma.sql`where id = ${id} and attempt = ${attempt}`;
  return {
    /** Renews the lease. False if the attempt no longer holds the row. */
    async renew(row: HeldRow): Promise<boolean> {
      const held = Prisma.sql`${where(row)} and lease_until is not null`;
      return (await prisma.$executeRaw`update ${Prisma.raw(row.table)} set lease_until = ${leaseEnd} ${held}`) > 0;
    },

    /** Releases the row in order, so that the next worker counts no crash. */
    async release(row: HeldRow): Promise<void> {
      await prisma.$executeRaw`update ${Prisma.raw(row.table)} set lease_until = null ${where(row)}`;
    },

    /** Releases the row after a failed attempt. Returns the number of setbacks since the last saved result. */
    async setback(row: HeldRow): Promise<number> {
      const rows = await prisma.$queryRaw<{ setbacks: number }[]>`
        update ${Prisma.raw(row.table)} set setbacks = setbacks + 1, lease_until = null ${where(row)} returning setbacks`;
      return rows[0]?.setbacks ?? 0;
    },
  };
}

/** Resets the setbacks after something new was saved. */
export async function forgetSetbacks(prisma: PrismaClient | Transaction, table: LeasedTable, id: string): Promise<void> {
  await prisma.$executeRaw`update ${Prisma.raw(table)} set setbacks = 0 where id = ${id} and setbacks > 0`;
}
