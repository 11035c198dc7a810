// All errors, as classes; `code` distinguishes the service's refusals.
import type { ErrorCode, Evaluation, FieldError, Generation, Problem, TrainingJob } from './types.ts';

export class StyleForgeError extends Error {
  override name = 'StyleForgeError';
}

/** Thrown when the service responds with an error. */
export class APIError extends StyleForgeError {
  override name = 'APIError';
  readonly status: number;
  /** The stable error code; undefined if a proxy responded instead of the service. */
  readonly code: ErrorCode | undefined;
  readonly title: string;
  readonly detail: string;
  /** Id of the request in the service's log. */
  readonly requestId: string | undefined;
  /** One entry for each wrong field. */
  readonly errors: FieldError[];
  readonly headers: Headers;

  constructor(status: number, problem: Partial<Problem>, headers: Headers) {
    const detail = problem.detail ?? problem.title ?? `The service responded with ${status}`;
    super([status, problem.code, detail].filter(Boolean).join(' '));
    this.status = status;
    this.code = problem.code;
    this.title = problem.title ?? '';
    this.detail = detail;
    this.requestId = problem.request_id ?? headers.get('x-request-id') ?? undefined;
    this.errors = problem.errors ?? [];
    this.headers = headers;
  }
}

export class BadRequestError extends APIError {
  override name = 'BadRequestError';
}
export class AuthenticationError extends APIError {
  override name = 'AuthenticationError';
}
export class PermissionDeniedError extends APIError {
  override name = 'PermissionDeniedError';
}
export class NotFoundError extends APIError {
  override name = 'NotFoundError';
}
export class ConflictError extends APIError {
  override name = 'ConflictError';
}
export class PayloadTooLargeError extends APIError {
  override name = 'PayloadTooLargeError';
}
export class UnprocessableEntityError extends APIError {
  override name = 'UnprocessableEntityError';
}
export class RateLimitError extends APIError {
  override name = 'RateLimitError';
}
export class InternalServerError extends APIError {
  override name = 'InternalServerError';
}

/** Thrown when no response arrived, because the service is unavailable or the connection broke. */
export class APIConnectionError extends StyleForgeError {
  override name = 'APIConnectionError';
}
export class APIConnectionTimeoutError extends APIConnectionError {
  override name = 'APIConnectionTimeoutError';
}
/** Thrown when the caller's signal ended the request. */
export class APIUserAbortError extends StyleForgeError {
  override name = 'APIUserAbortError';
}

/** Thrown when waiting took longer than the caller allows. The awaited work continues. */
export class WaitTimeoutError extends StyleForgeError {
  override name = 'WaitTimeoutError';
}

/** Thrown when an awaited job ended as `failed` or `cancelled`. */
export class TrainingJobError extends StyleForgeError {
  override name = 'TrainingJobError';
  readonly job: TrainingJob;

  constructor(job: TrainingJob) {
    super(endOf('training job', job));
    this.job = job;
  }
}

export class GenerationError extends StyleForgeError {
  override name = 'GenerationError';
  readonly generation: Generation;

  constructor(generation: Generation) {
    super(endOf('generation', generation));
    this.generation = generation;
  }
}

export class EvaluationError extends StyleForgeError {
  override name = 'EvaluationError';
  readonly evaluation: Evaluation;

  constructor(evaluation: Evaluation) {
    super(endOf('evaluation', evaluation));
    this.evaluation = evaluation;
  }
}

/** Thrown for a webhook whose signature, timestamp or body is not the service's. */
export class WebhookSignatureError extends StyleForgeError {
  override name = 'WebhookSignatureError';
}

function endOf(thing: string, { id, status, error }: TrainingJob | Generation | Evaluation): string {
  return `The ${thing} ${id} ${status === 'failed' ? 'failed' : `is ${status}`}${error ? `: ${error.code}: ${error.message}` : ''}`;
}

const BY_STATUS: Record<number, typeof APIError> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  413: PayloadTooLargeError,
  422: UnprocessableEntityError,
  429: RateLimitError,
};

export async function errorOf(response: Response): Promise<APIError> {
  const Kind = BY_STATUS[response.status] ?? (response.status >= 500 ? InternalServerError : APIError);
  return new Kind(response.status, await problemOf(response), response.headers);
}

/** Reads the problem document. A proxy may have sent a page instead. */
async function problemOf(response: Response): Promise<Partial<Problem>> {
  const text = await response.text();
  if (!/json/.test(response.headers.get('content-type') ?? '')) return text.length < 300 && text !== '' ? { detail: text } : {};
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return {};
  }
}
