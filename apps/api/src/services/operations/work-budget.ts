// Refuses a request that alone exceeds the project's budget of unfinished work, and states for each field the value that fits.
import { largestAffordable } from '@styleforge/contracts';
import type { FieldError } from '@styleforge/contracts';
import { BudgetError } from '@styleforge/database';
import { ApiError, refusal } from '../../errors/api-error.ts';

/** A field that the cost is proportional to. */
export type CostFactor = { pointer: string; value: number };

/**
 * Converts a budget error: a single request above the budget is an error in its fields (422), because waiting does not help; otherwise it
 * stays a 429.
 */
export async function withinBudget<Result>(factors: CostFactor[], create: () => Promise<Result>): Promise<Result> {
  try {
    return await create();
  } catch (error) {
    if (error instanceof BudgetError && error.isTooLarge) throw tooCostly(error, factors);
    throw error;
  }
}

export function tooCostly({ cost, budget }: Pick<BudgetError, 'cost' | 'budget'>, factors: CostFactor[]): ApiError {
  const fields = factors.map(({ pointer, value }): FieldError => {
    const largest = largestAffordable(value, cost, budget);
    const remedy = largest < 1 ? 'reduce it together with other fields' : `with the other fields as they are, at most ${largest} fits`;
    return {
      pointer,
      detail:
        `makes the request cost ${written(cost)} (images x megapixels x steps, twice with guidance), and the project ` +
        `may have ${written(budget)} unfinished: ${remedy}`,
    };
  });
  return refusal('validation_failed', fields);
}

const written = (cost: number) => Math.ceil(cost).toLocaleString('en-US');
