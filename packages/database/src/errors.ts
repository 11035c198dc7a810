// What repositories throw when a write does not meet the state it expects.

/** The row is not in the state that the write names: somebody else was first. */
export class StatusConflictError extends Error {
  override name = 'StatusConflictError';
}

/** The project has as many jobs queued as it may have. */
export class QueueFullError extends Error {
  override name = 'QueueFullError';
  readonly limit: number;
  constructor(limit: number) {
    super(`The project has ${limit} jobs queued already, which is its limit.`);
    this.limit = limit;
  }
}

/** A worker writes under an attempt that another worker has taken over. */
export class StaleAttemptError extends Error {
  override name = 'StaleAttemptError';
}
