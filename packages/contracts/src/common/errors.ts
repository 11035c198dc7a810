// The only table of error codes, and the problem document in every error response (RFC 9457).
import { z } from 'zod';

export const ERRORS = {
  invalid_request: {
    status: 400,
    title: 'The request is not well formed',
    remedy:
      'The body is not valid JSON, a multipart body is cut off, or one of its parts is missing. Send the body as ' +
      'the OpenAPI document describes it.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid API key is needed',
    remedy: 'Send `Authorization: Bearer sf_...` with a key that has neither been revoked nor expired.',
  },
  insufficient_scope: {
    status: 403,
    title: 'The API key lacks a scope',
    remedy:
      'Use a key with the scope that `detail` names. `read` allows reading, `write` allows everything else except ' +
      'API keys, and `admin` allows everything.',
  },
  csrf_token_invalid: {
    status: 403,
    title: 'The request of a browser session lacks its CSRF token',
    remedy:
      'Send the header `X-CSRF-Token` with the `csrf_token` that `POST /v1/session` returned; `GET /v1/me` shows it ' +
      'again. A request with an API key needs no token.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    remedy: 'Check the path and the id. An API key only gives access to its own project.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    remedy: 'The header `Allow` lists the methods of this path.',
  },
  not_acceptable: {
    status: 406,
    title: 'Not acceptable',
    remedy: '`detail` lists the available formats. Name one of them in `Accept`, or omit the header.',
  },
  request_timeout: {
    status: 408,
    title: 'The request did not arrive in time',
    remedy: 'The connection is slow or was interrupted. Send the request again.',
  },
  dataset_in_use: {
    status: 409,
    title: 'An unfinished job or evaluation uses this dataset',
    remedy: 'Cancel it or wait until it has finished, then delete the dataset.',
  },
  in_use: {
    status: 409,
    title: 'Unfinished work uses this',
    remedy:
      '`detail` names the training jobs, generations or evaluations. Cancel them or wait until they have finished, ' +
      'then send the request again.',
  },
  status_conflict: {
    status: 409,
    title: 'The current status does not allow this',
    remedy: '`detail` names the status. Wait until it has changed.',
  },
  model_exists: {
    status: 409,
    title: 'The name of this model is already taken',
    remedy: 'Choose another name, or add a version to the existing model: `POST /v1/models/{name}/versions`.',
  },
  webhook_exists: {
    status: 409,
    title: 'The project already has a webhook to this URL',
    remedy: 'Use the existing webhook, or delete it first. `GET /v1/webhooks` lists the webhooks.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'A request with this Idempotency-Key is still running',
    remedy:
      'Send the same request again after the number of seconds in `Retry-After`. Once the first request has ended, ' +
      'you get its response. The SDK repeats the request for ten minutes.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request body is too large',
    remedy:
      'The limits are 1 MB for a JSON body, 8 MB for a prompt set and 25 MB for an uploaded file. Put a long list ' +
      'of prompts into a prompt set, and name the set in the evaluation or job.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This content type is not supported here',
    remedy: 'Send JSON, or `multipart/form-data` for uploads.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The requested range is outside the file',
    remedy: 'The header `Content-Range` contains the size of the file in bytes.',
  },
  validation_failed: {
    status: 422,
    title: 'Some fields are not valid',
    remedy: 'Correct the fields that `errors` lists, and send the request again.',
  },
  unusable_dataset: {
    status: 422,
    title: 'The dataset cannot be used',
    remedy:
      '`errors` says what is wrong: the dataset does not exist, is of the wrong kind, has too few images (a job ' +
      'needs at least 3), has no images of a named component, or has images smaller than the resolution of the job.',
  },
  unknown_base_model: {
    status: 422,
    title: 'Unknown base model',
    remedy: '`GET /v1/base-models` lists the installed base models.',
  },
  unusable_base_model: {
    status: 422,
    title: 'The base model cannot be used',
    remedy:
      'A file in its folder is missing or wrong; `detail` names it. Ask the operator to repair or reinstall the ' +
      'model. Until then, use another base model.',
  },
  unknown_model: {
    status: 422,
    title: 'Unknown model',
    remedy:
      'Use the name of a model (`ink-style`, `ink-style@3`), the id of a checkpoint or of a training job with a ' +
      'result, or the name of a base model.',
  },
  unsuitable_format: {
    status: 422,
    title: 'The checkpoint cannot be downloaded in this format',
    remedy: 'The field `formats` of `GET /v1/checkpoints/{id}` lists the available formats.',
  },
  export_failed: {
    status: 422,
    title: 'The file could not be made',
    remedy: '`detail` says why. The same request would fail again. Choose another format or another checkpoint.',
  },
  unknown_prompt_set: {
    status: 422,
    title: 'Unknown prompt set',
    remedy: '`GET /v1/prompt-sets` lists all prompt sets. Use its id, its name or name@version, or send a list of prompts.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used with another request',
    remedy: 'Use a new key for a new request. A used key only repeats exactly the same request.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests with this API key',
    remedy:
      'Wait for the number of seconds in `Retry-After`. The headers `RateLimit-Policy` and `RateLimit` contain the ' +
      'quota and how much of it is left.',
  },
  too_many_queued_jobs: {
    status: 429,
    title: 'Too many queued training jobs in this project',
    remedy: 'Wait until some have left the queue (`Retry-After`), or cancel some, then send the request again.',
  },
  too_much_unfinished_work: {
    status: 429,
    title: 'Too much unfinished work in this project',
    remedy:
      'The unfinished generations or evaluations of the project would cost more than its budget. The cost is images ' +
      'x megapixels x steps, twice that with guidance. Wait (`Retry-After`) or cancel some work, then send the ' +
      'request again. The operator sets the budgets with `GENERATION_BUDGET_PER_PROJECT` and `EVALUATION_BUDGET_PER_PROJECT`.',
  },
  too_many_event_streams: {
    status: 429,
    title: 'Too many open event streams with this API key',
    remedy: 'Close streams that you no longer read, or poll the event logs without streaming. The streams of a job close when it ends.',
  },
  too_many_uploads: {
    status: 429,
    title: 'Too many uploads at the same time',
    remedy: 'Wait until one of the running uploads has ended, or for the number of seconds in `Retry-After`, then send this one again.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers of the request are too large',
    remedy: 'All headers and the path together may have at most 16 KB.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    remedy:
      'The request itself was correct, but the service failed. Try again later. If it fails again, send the ' +
      '`request_id` to the operator, who finds the cause in the log.',
  },
  overloaded: {
    status: 503,
    title: 'The service is busy',
    remedy: 'The request had no effect. Wait for the number of seconds in `Retry-After`, then send it again.',
  },
  dependency_unavailable: {
    status: 503,
    title: 'The database or the object store of the service is unavailable',
    remedy:
      'The request itself was correct. Wait for the number of seconds in `Retry-After`, then send it again, with ' +
      'the same `Idempotency-Key` if it has one. `/readyz` shows the operator what is unavailable.',
  },
  storage_full: {
    status: 507,
    title: 'The disk of the service is full',
    remedy:
      'The request had no effect. Ask the operator to free disk space (`disk_space` in docs/operations.md), then send the request again.',
  },
} as const satisfies Record<string, { status: number; title: string; remedy: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** The page on which the API describes an error code. */
export function errorType(code: ErrorCode): string {
  return `/docs/errors#${code}`;
}

export const fieldError = z
  .object({
    pointer: z.string().describe('JSON pointer to the field of the body, or the name of a query parameter or header'),
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
    request_id: z.string().describe('The id of this request, which is also in the log of the service'),
    errors: z.array(fieldError).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });
export type Problem = z.infer<typeof problem>;

/** Remedies by failure code: why a job or a generation ends as `failed`, and what to do about it. */
export const FAILURES = {
  invalid_input: 'The images, prompts or numbers do not fit together; `message` names the field. Change it and send a new job.',
  too_few_images: 'A component or the Aux dataset has fewer than 3 images. Upload more: 15 to 20 work best.',
  image_too_small:
    'Images are smaller than `hyperparameters.resolution`; `message` names them. Upload larger ones or lower the resolution.',
  common_token: 'The base model already knows a meaning for the token. Use a rare word, such as zwx, ukj or sks.',
  unsupported_base_model:
    'StyleForge cannot train this kind of base model; `message` names the reason. Use a Stable Diffusion 1.x, 2.x or XL checkpoint.',
  extractor_not_configured:
    'early_stopping or an evaluation needs a feature extractor whose weights are not installed; `message` names ' +
    'it. Install them, or choose another extractor.',
  unusable_features:
    'A feature extractor computed values that are not finite numbers, so nothing can be measured. Its weights are ' +
    'damaged: install them again.',
  non_finite_image:
    'The model computes values that are not finite numbers, or only black images. Its weights are damaged or its ' +
    'training diverged: use another checkpoint, or lower `guidance_scale`.',
  training_diverged:
    'Loss or gradient became infinite at the step that `message` names; the last checkpoint is kept. Lower `learning_rate`.',
  timeout: 'The job ran longer than this installation allows. Reduce it, for example to fewer steps.',
  device_unavailable:
    'The device that the worker is set to (DEVICE) is not available or cannot run this model. The log of the ' +
    'worker has the details. Ask the operator, or try again: another worker may be able to.',
  storage_full:
    'The disk became full in three attempts of the job, although enough space was free when each began: the job ' +
    'may need more space than the disk of the worker or of the object store has. Ask the operator to free disk ' +
    'space, then resume the training job: its saved checkpoints are kept.',
  process_died:
    "The job's process ended unexpectedly, perhaps out of memory. Lower the batch size or use gradient checkpointing, then try again.",
  worker_died: 'The worker crashed several times during this job. Ask the operator: the log of the worker may have the reason.',
  internal_error: "The job failed on the service's side. Ask the operator, who finds the details in the log under the job's id.",
} as const satisfies Record<string, string>;

export type FailureCode = keyof typeof FAILURES;
export const FAILURE_CODES = Object.keys(FAILURES) as [FailureCode, ...FailureCode[]];

/** Why a job or a generation failed: safe to show to the caller. */
export const failure = z.object({ code: z.enum(FAILURE_CODES), message: z.string(), retryable: z.boolean() }).meta({ id: 'Failure' });
export type Failure = z.infer<typeof failure>;
