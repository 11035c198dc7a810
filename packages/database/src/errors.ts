// Errors that repositories throw when a row is not in the state that a write expects.

/** The row does not have the status that the write expects: another writer was first. */
export class StatusConflictError extends Error {
  override name = 'StatusConflictError';
}

/** The project has reached its limit of queued jobs. */
export class QueueFullError extends Error {
  override name = 'QueueFullError';
  readonly limit: number;
  constructor(limit: number) {
    super(`The project has ${limit} jobs queued already, which is its limit.`);
    this.limit = limit;
  }
}

/** The unfinished work of the project would exceed its budget. */
export class BudgetError extends Error {
  override name = 'BudgetError';
  readonly budget: number;
  readonly cost: number;
  /** Cost of the unfinished work so far. */
  readonly spent: number;
  constructor({ budget, cost, spent }: { budget: number; cost: number; spent: number }) {
    super(
      `This costs ${whole(cost)}, and ${whole(spent)} of the project's budget of ${whole(budget)} is taken by work that is unfinished.`,
    );
    this.budget = budget;
    this.cost = cost;
    this.spent = spent;
  }

  /** Whether the work alone exceeds the budget, so that waiting does not help. */
  get isTooLarge(): boolean {
    return this.cost > this.budget;
  }
}

const whole = (cost: number) => Math.ceil(cost).toLocaleString('en-US');

/** A worker writes with an attempt that another worker has taken over. */
export class StaleAttemptError extends Error {
  override name = 'StaleAttemptError';
}
