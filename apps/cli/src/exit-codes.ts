// Exit codes, for scripts; README.md has the same table.
import {
  APIConnectionError,
  APIError,
  AuthenticationError,
  EvaluationError,
  GenerationError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  TrainingJobError,
  WaitTimeoutError,
} from '@styleforge/sdk';

export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  refused: 3,
  notAllowed: 4,
  notFound: 5,
  unavailable: 6,
  endedBadly: 7,
  interrupted: 130,
} as const;

/** The command was called in a way that cannot work. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The user has pressed Ctrl-C while something was followed that continues. */
export class Detached extends Error {
  override name = 'Detached';
}

/** The work that was asked for has been done and its result is bad; it has been told already. */
export class BadResult extends Error {
  override name = 'BadResult';
}

const ENDED_BADLY = [BadResult, TrainingJobError, GenerationError, EvaluationError];

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof Detached) return EXIT.interrupted;
  if (ENDED_BADLY.some((kind) => error instanceof kind)) return EXIT.endedBadly;
  if (
    error instanceof APIConnectionError ||
    error instanceof InternalServerError ||
    error instanceof RateLimitError ||
    error instanceof WaitTimeoutError
  )
    return EXIT.unavailable;
  if (error instanceof AuthenticationError || error instanceof PermissionDeniedError) return EXIT.notAllowed;
  if (error instanceof NotFoundError) return EXIT.notFound;
  if (error instanceof APIError) return EXIT.refused;
  return EXIT.unexpected;
}
