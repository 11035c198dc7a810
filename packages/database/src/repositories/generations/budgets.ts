// Budgets for a project's unfinished generations and evaluations, counted by cost.
import { BudgetError } from '../../errors.ts';
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';

export type BudgetedTable = 'generations' | 'evaluations';
/** New work. `budget`: for projects without a budget of their own; if it is omitted too, there is no limit. */
export type NewWork = { projectId: string; cost: number; budget?: number | undefined };

const ownBudget = { generations: Prisma.sql`generation_budget`, evaluations: Prisma.sql`evaluation_budget` } satisfies Record<
  BudgetedTable,
  Prisma.Sql
>;

/** Locks the project's budget until the commit, so that no other work is added and the sum is exact. Throws BudgetError. */
export async function spendBudget(transaction: Transaction, table: BudgetedTable, { projectId, cost, budget }: NewWork): Promise<void> {
  const [project] = await transaction.$queryRaw<{ own: number | null }[]>`
    select ${ownBudget[table]} as own from projects where id = ${projectId} for no key update`;
  const limit = project?.own ?? budget;
  if (limit === undefined) return;
  const [unfinished] = await transaction.$queryRaw<{ spent: number }[]>`
    select coalesce(sum(cost), 0)::float8 as spent from ${Prisma.raw(table)} where project_id = ${projectId} and status in ('queued', 'running')`;
  const spent = unfinished?.spent ?? 0;
  if (spent + cost > limit) throw new BudgetError({ budget: limit, cost, spent });
}

/** The project's own budget; null if it has none. */
export async function budgetOf(prisma: PrismaClient, table: BudgetedTable, projectId: string): Promise<number | null> {
  const [project] = await prisma.$queryRaw<
    { own: number | null }[]
  >`select ${ownBudget[table]} as own from projects where id = ${projectId}`;
  return project?.own ?? null;
}
