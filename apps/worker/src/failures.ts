// Table of verdicts on failed attempts, by the class of the error: its cause, the message for the owner, and whether to try again.
import { FAILURES, type Failure, type FailureCode } from '@styleforge/contracts';
import type * as autodiff from '@styleforge/autodiff';
import type * as config from '@styleforge/config';
import type * as database from '@styleforge/database';
import { isDatabaseAway } from '@styleforge/database';
import type * as diffusion from '@styleforge/diffusion';
import type * as metrics from '@styleforge/metrics';
import type * as modelFiles from '@styleforge/model-files';
import type * as queue from '@styleforge/queue';
import { type JobName, PermanentJobError } from '@styleforge/queue';
import type * as runtime from '@styleforge/runtime';
import type * as storage from '@styleforge/storage';
import { isStorageFull, isStoreAway } from '@styleforge/storage';
import type * as styleforge from '@styleforge/styleforge';
import type * as telemetry from '@styleforge/telemetry';
import type { Metrics } from '@styleforge/telemetry';
import type * as weights from '@styleforge/weights';
import type * as ownErrors from './errors.ts';

type ErrorsOf<Module> = {
  [Name in keyof Module]: Module[Name] extends abstract new (...args: never[]) => Error ? Name & string : never;
}[keyof Module];

/** All error classes that these packages export. A new class does not compile until it has an entry in the table. */
type KnownError =
  | ErrorsOf<typeof ownErrors>
  | ErrorsOf<typeof autodiff>
  | ErrorsOf<typeof config>
  | ErrorsOf<typeof database>
  | ErrorsOf<typeof diffusion>
  | ErrorsOf<typeof metrics>
  | ErrorsOf<typeof modelFiles>
  | ErrorsOf<typeof queue>
  | ErrorsOf<typeof runtime>
  | ErrorsOf<typeof storage>
  | ErrorsOf<typeof styleforge>
  | ErrorsOf<typeof telemetry>
  | ErrorsOf<typeof weights>;

export type Verdict =
  /** An error in the caller's input: the same job would fail again, and the message is for the caller. */
  | { kind: 'input'; code: FailureCode }
  /** A failure that may not happen again. `tell`: the message is for the caller. */
  | { kind: 'again'; code: FailureCode; tell?: boolean }
  /** The job took too long. */
  | { kind: 'timeout' }
  /** Another worker holds the work, or it has ended; nothing is recorded. */
  | { kind: 'superseded' }
  /** Work of a newer version: the attempt does not count, and a newer worker continues it. */
  | { kind: 'newer' }
  /** A dependency is unavailable: not the job's fault, and the attempt does not count. */
  | { kind: 'away' }
  /** A disk is full: the attempt does not count while it is full; otherwise the job may need more space than exists. */
  | { kind: 'disk-full' };

/** Verdict for all other errors, which are faults of the service. */
const OUR_MISTAKE: Verdict = { kind: 'again', code: 'internal_error' };
const INVALID_INPUT: Verdict = { kind: 'input', code: 'invalid_input' };
const UNSUPPORTED_MODEL: Verdict = { kind: 'input', code: 'unsupported_base_model' };

/** Verdicts by the error's name, because errors of child processes arrive without their class. */
const VERDICTS: Record<KnownError, Verdict> = {
  JobInputError: INVALID_INPUT,
  JobTimeoutError: { kind: 'timeout' },
  PermanentJobError: INVALID_INPUT,
  TrainingInputError: INVALID_INPUT,
  NonFiniteLossError: { kind: 'input', code: 'training_diverged' },
  ExtractorNotConfiguredError: { kind: 'input', code: 'extractor_not_configured' },
  NonFiniteFeaturesError: { kind: 'input', code: 'unusable_features' },
  NonFiniteImageError: { kind: 'input', code: 'non_finite_image' },
  ModelFileError: UNSUPPORTED_MODEL,
  WeightsMismatchError: UNSUPPORTED_MODEL,
  ConfigError: UNSUPPORTED_MODEL,
  // Only deliveries of webhooks throw it, and they have their own records.
  ForbiddenAddressError: OUR_MISTAKE,
  // The adapter that the request names is not a file that can be applied.
  AdapterFileError: UNSUPPORTED_MODEL,
  SchedulerConfigError: UNSUPPORTED_MODEL,
  ProcessDiedError: { kind: 'again', code: 'process_died', tell: true },
  WorkerDiedError: { kind: 'again', code: 'worker_died', tell: true },
  NewerSettingsError: { kind: 'newer' },
  StaleAttemptError: { kind: 'superseded' },
  StatusConflictError: { kind: 'superseded' },
  ObjectStoreUnavailableError: { kind: 'away' },
  StoreIdentityError: { kind: 'away' },
  // The API checks these before it creates a job, so they are faults of the service if they occur in a job.
  TaskError: OUR_MISTAKE,
  UnreadableMessageError: OUR_MISTAKE,
  QueueFullError: OUR_MISTAKE,
  BudgetError: OUR_MISTAKE,
  UnreadableImageError: OUR_MISTAKE,
  DeviceError: OUR_MISTAKE,
  OnnxRuntimeError: OUR_MISTAKE,
  // Other processes may use the card's memory temporarily; the message says what to do otherwise.
  DeviceMemoryError: { kind: 'again', code: 'device_unavailable', tell: true },
  CudaError: { kind: 'again', code: 'device_unavailable' },
  LibraryError: { kind: 'again', code: 'device_unavailable' },
  ReleasedError: OUR_MISTAKE,
  DamagedObjectError: OUR_MISTAKE,
  ObjectNotFoundError: OUR_MISTAKE,
  InvalidKeyError: OUR_MISTAKE,
  InvalidRangeError: OUR_MISTAKE,
  ChecksumError: OUR_MISTAKE,
  DownloadError: OUR_MISTAKE,
  DownloadRefusedError: OUR_MISTAKE,
  UnsafePickleError: OUR_MISTAKE,
  SingleFileError: OUR_MISTAKE,
  NoGradientsError: OUR_MISTAKE,
  ShapeError: OUR_MISTAKE,
  DeadlineError: OUR_MISTAKE,
  NotReadyError: OUR_MISTAKE,
};

/** Names of all classes in the table. */
export const PLACED_ERRORS: ReadonlySet<string> = new Set(Object.keys(VERDICTS));

const placeOf = ({ name }: Error): Verdict | undefined => (Object.hasOwn(VERDICTS, name) ? VERDICTS[name as KnownError] : undefined);

export function verdictOf(error: unknown): Verdict {
  if (isStorageFull(error)) return { kind: 'disk-full' };
  if (!(error instanceof Error)) return OUR_MISTAKE;
  const verdict = placeOf(error) ?? OUR_MISTAKE;
  if (verdict === OUR_MISTAKE && isAway(error)) return { kind: 'away' };
  const code = ownCode(error);
  return code !== undefined && 'code' in verdict ? { ...verdict, code } : verdict;
}

/** Whether an error means that the database or store is unavailable. Errors of child processes are recognized by name. */
export const isAway = (error: unknown): boolean =>
  isDatabaseAway(error) || isStoreAway(error) || (error instanceof Error && placeOf(error)?.kind === 'away');

/** Whether a repeated attempt would fail in the same way. */
export function isPermanent(error: unknown): boolean {
  return error instanceof PermanentJobError || ['input', 'timeout'].includes(verdictOf(error).kind);
}

/** Code that the trainer gave its error, if any. */
function ownCode(error: Error & { code?: unknown }): FailureCode | undefined {
  return typeof error.code === 'string' && Object.hasOwn(FAILURES, error.code) ? (error.code as FailureCode) : undefined;
}

/** Messages for the caller for codes whose errors have none; the log has the details. */
const MESSAGES: Partial<Record<FailureCode, string>> = {
  device_unavailable: "The worker's device is unavailable or cannot run this model; its log has the details",
};
const STORAGE_FULL = 'The disk of the service is full. When the operator has freed disk space, try again, or resume the job';
const INTERNAL = "The job failed because of an error in the service; the log has the details under the job's id";

export function failureOf(error: unknown): Failure {
  const verdict = verdictOf(error);
  const message = error instanceof Error ? error.message : String(error);
  switch (verdict.kind) {
    case 'timeout':
      return { code: 'timeout', message, retryable: false };
    case 'input':
      return { code: verdict.code, message, retryable: false };
    case 'again':
      return { code: verdict.code, message: verdict.tell ? message : (MESSAGES[verdict.code] ?? INTERNAL), retryable: true };
    case 'disk-full':
      return { code: 'storage_full', message: STORAGE_FULL, retryable: true };
    case 'superseded':
    case 'newer':
    case 'away':
      return { code: 'internal_error', message: INTERNAL, retryable: true };
  }
}

/** Counts a failed attempt in the metrics, unless another worker has taken over or a dependency is unavailable. */
export function countFailure(instruments: Metrics | undefined, queueName: JobName, error: unknown): void {
  if (['superseded', 'newer', 'away'].includes(verdictOf(error).kind)) return;
  instruments?.add('styleforge_job_failures_total', { queue: queueName, code: failureOf(error).code });
}
