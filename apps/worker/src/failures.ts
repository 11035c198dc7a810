// What a failed job tells its owner, and whether trying again can help.
import { FAILURES, type Failure, type FailureCode } from '@styleforge/contracts';
import { StaleAttemptError, StatusConflictError } from '@styleforge/database';
import { type JobName, PermanentJobError } from '@styleforge/queue';
import { isStorageFull } from '@styleforge/storage';
import type { Metrics } from '@styleforge/telemetry';

/** The job cannot succeed as it was asked for; the message says what to change. */
export class JobInputError extends PermanentJobError {
  override name = 'JobInputError';
  readonly code: FailureCode;

  constructor(message: string, code: FailureCode = 'invalid_input') {
    super(message);
    this.code = code;
  }
}

export class JobTimeoutError extends PermanentJobError {
  override name = 'JobTimeoutError';
}

/** Errors of the training process whose message is for the caller, by name: an error's class does not cross processes. */
const codesByName: Record<string, FailureCode> = {
  TrainingInputError: 'invalid_input',
  NonFiniteLossError: 'training_diverged',
  ExtractorNotConfiguredError: 'extractor_not_configured',
  NonFiniteFeaturesError: 'unusable_features',
  NonFiniteImageError: 'non_finite_image',
  ModelFileError: 'unsupported_base_model',
  WeightsMismatchError: 'unsupported_base_model',
  ConfigError: 'unsupported_base_model',
  SchedulerConfigError: 'unsupported_base_model',
};

/** Trying again cannot help: the same job would meet the same end. */
export function isPermanent(error: unknown): boolean {
  return error instanceof PermanentJobError || (error instanceof Error && Object.hasOwn(codesByName, error.name));
}

/** The code that the trainer gave its error, where it gave one. */
function ownCode(error: Error & { code?: unknown }): FailureCode | undefined {
  return typeof error.code === 'string' && Object.hasOwn(FAILURES, error.code) ? (error.code as FailureCode) : undefined;
}

/** Only messages about the caller's own input go out; the log has the rest. */
export function failureOf(error: unknown): Failure {
  if (error instanceof JobTimeoutError) return { code: 'timeout', message: error.message, retryable: false };
  if (error instanceof Error && isPermanent(error)) {
    return { code: ownCode(error) ?? codesByName[error.name] ?? 'invalid_input', message: error.message, retryable: false };
  }
  if (error instanceof Error && ownCode(error) === 'device_unavailable') {
    return {
      code: 'device_unavailable',
      message: "The worker's device is gone or cannot run this model; its log has the details",
      retryable: true,
    };
  }
  if (isStorageFull(error))
    return {
      code: 'storage_full',
      message: "There is no room left on the service's disk; when its operator has made some, try again, or resume the job",
      retryable: true,
    };
  if (error instanceof Error && error.name === 'ProcessDiedError') return { code: 'process_died', message: error.message, retryable: true };
  return {
    code: 'internal_error',
    message: "The job failed on the service's side; its log has the details under the job's id",
    retryable: true,
  };
}

/** One more failed attempt in the metrics; none where another worker has taken the work over, or it has ended otherwise. */
export function countFailure(metrics: Metrics | undefined, queue: JobName, error: unknown): void {
  if (error instanceof StaleAttemptError || error instanceof StatusConflictError) return;
  metrics?.add('styleforge_job_failures_total', { queue, code: failureOf(error).code });
}
