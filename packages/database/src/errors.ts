// What repositories throw when a write does not meet the state it expects.

/** The row is not in the state that the write names: somebody else was first. */
export class StatusConflictError extends Error {
  override name = 'StatusConflictError';
}

/** A worker writes under an attempt that another worker has taken over. */
export class StaleAttemptError extends Error {
  override name = 'StaleAttemptError';
}
