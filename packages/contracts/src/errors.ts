// The one table of error codes, and the problem document that every error is answered with (RFC 9457).
import { z } from 'zod';

export const ERRORS = {
  invalid_request: { status: 400, title: 'The request is not well formed' },
  unauthorized: { status: 401, title: 'A valid API key is needed' },
  insufficient_scope: { status: 403, title: 'The API key lacks the scope for this' },
  not_found: { status: 404, title: 'There is no such thing' },
  method_not_allowed: { status: 405, title: 'This path does not take this method' },
  not_acceptable: { status: 406, title: 'No representation of the kind asked for' },
  status_conflict: { status: 409, title: 'The job is not in a state that allows this' },
  dataset_in_use: { status: 409, title: 'A job that is not finished uses this dataset' },
  idempotency_in_progress: { status: 409, title: 'A request with this Idempotency-Key is still running' },
  payload_too_large: { status: 413, title: 'The request body is too large' },
  unsupported_media_type: { status: 415, title: 'This content type is not taken here' },
  validation_failed: { status: 422, title: 'Some fields are not valid' },
  unusable_dataset: { status: 422, title: 'The dataset cannot be used for this' },
  unknown_base_model: { status: 422, title: 'There is no such base model' },
  unknown_model: { status: 422, title: 'There is no such model to generate with' },
  not_supported: { status: 422, title: 'This installation does not offer this' },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key belongs to another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  not_ready: { status: 503, title: 'Not ready to serve' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** Stable address of an error code's description. */
export function errorType(code: ErrorCode): string {
  return `/docs/errors#${code}`;
}

export const fieldError = z
  .object({
    pointer: z.string().describe('JSON pointer into the body, or the name of a query parameter or header'),
    detail: z.string(),
  })
  .meta({ id: 'FieldError' });
export type FieldError = z.infer<typeof fieldError>;

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(ERROR_CODES),
    request_id: z.string().describe('The id under which the log has this request'),
    errors: z.array(fieldError).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });
export type Problem = z.infer<typeof problem>;

/** Why a job or a generation failed: safe to show to the caller. */
export const failure = z
  .object({ code: z.string(), message: z.string(), retryable: z.boolean() })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof failure>;
