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

/** Thrown for a usage error, such as contradictory options. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Thrown when the user presses Ctrl-C while following work, which continues on the service. */
export class Detached extends Error {
  override name = 'Detached';
}

/** Thrown when the command ran but its result is a failure that has already been printed. */
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
