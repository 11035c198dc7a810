// The one table of error codes, and the problem document that every error is answered with (RFC 9457).
import { z } from 'zod';

export const ERRORS = {
  invalid_request: {
    status: 400,
    title: 'The request is not well formed',
    remedy:
      'The body is not valid JSON, a multipart body is cut off, or a part of it is missing. Send it as the OpenAPI document describes it.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid API key is needed',
    remedy: 'Send `Authorization: Bearer sf_...` with a key that has neither been revoked nor expired.',
  },
  insufficient_scope: {
    status: 403,
    title: 'The API key lacks the scope for this',
    remedy:
      'Reading needs the scope `read`, everything else `write`, API keys `admin`, which includes the other two. Use a key that has it.',
  },
  csrf_token_invalid: {
    status: 403,
    title: 'The request of a browser session lacks its CSRF token',
    remedy:
      'Send the header `X-CSRF-Token` with the `csrf_token` that `POST /v1/session` returned; `GET /v1/me` shows it again. A request with an API key needs none.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    remedy: 'The path is wrong, or the id names nothing in the project that the key belongs to.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This path has no such method',
    remedy: 'The header `Allow` names the methods that it has.',
  },
  not_acceptable: {
    status: 406,
    title: 'There is no answer in a format that the request accepts',
    remedy: '`detail` names the formats. Name one of them in `Accept`, or leave the header out.',
  },
  request_timeout: {
    status: 408,
    title: 'The request did not arrive in time',
    remedy: 'The connection is slow or was cut. Send the request again.',
  },
  dataset_in_use: {
    status: 409,
    title: 'A job or an evaluation that is not finished uses this dataset',
    remedy: 'Cancel those or wait for their end, then delete the dataset.',
  },
  in_use: {
    status: 409,
    title: 'Something that is not finished uses this',
    remedy: '`detail` names the training jobs, generations or evaluations. Cancel them or wait for their end, then delete it.',
  },
  status_conflict: {
    status: 409,
    title: 'The job is not in a state that allows this',
    remedy: '`detail` names the state. Wait until the job has left it.',
  },
  model_exists: {
    status: 409,
    title: 'The project or the installation has a model of this name already',
    remedy: 'Choose another name, or add a version to the model that there is: `POST /v1/models/{name}/versions`.',
  },
  webhook_exists: {
    status: 409,
    title: 'The project has a webhook to this URL already',
    remedy: 'Use the one that there is, or delete it first; `GET /v1/webhooks` lists them.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'A request with this Idempotency-Key is still running',
    remedy:
      'Send the same request again after the seconds that `Retry-After` names, until the first has ended: it then gets the answer of the first. The SDK does so for ten minutes.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request body is too large',
    remedy:
      'A JSON body may have 1 MB, that of a prompt set 8 MB, an uploaded file 25 MB. A long list of prompts goes into a prompt set, which evaluations and jobs then name.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This content type is not taken here',
    remedy: 'JSON for all requests but uploads, `multipart/form-data` for those.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The file has no such range',
    remedy: 'The header `Content-Range` tells how many bytes it has.',
  },
  validation_failed: {
    status: 422,
    title: 'Some fields are not valid',
    remedy: '`errors` lists each field with what it must be. Correct them and send the request again.',
  },
  unusable_dataset: {
    status: 422,
    title: 'The dataset cannot be used for this',
    remedy:
      'It does not exist, is of the wrong kind, has no images, none of a component that is named, fewer than 3 to train on, or some that are smaller than the resolution of the job. `errors` says which.',
  },
  unknown_base_model: {
    status: 422,
    title: 'There is no such base model',
    remedy: '`GET /v1/base-models` lists those that are installed.',
  },
  unusable_base_model: {
    status: 422,
    title: 'The base model cannot be used',
    remedy:
      'A file in its folder is missing or wrong; `detail` names it. Ask the operator to repair or reinstall the model; until then name another base model.',
  },
  unknown_model: {
    status: 422,
    title: 'There is no such model',
    remedy: 'Name a model of the registry (`ink-style`, `ink-style@3`), a checkpoint, a training job with a result, or a base model.',
  },
  unsuitable_format: {
    status: 422,
    title: 'The checkpoint cannot be downloaded in this format',
    remedy: '`formats` of `GET /v1/checkpoints/{id}` lists the formats that fit it.',
  },
  export_failed: {
    status: 422,
    title: 'The file could not be made',
    remedy: '`detail` says why. The same request would meet the same end; choose another format or another checkpoint.',
  },
  unknown_prompt_set: {
    status: 422,
    title: 'There is no such prompt set',
    remedy: '`GET /v1/prompt-sets` lists those that there are. Name one by its id, its name or name@version, or give a list of prompts.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key belongs to another request',
    remedy: 'Take a new key for a new request; keep the old one only to repeat the very same request.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests with this API key',
    remedy:
      'Wait for the seconds that `Retry-After` names; the headers `RateLimit-Policy` and `RateLimit` tell the quota and what is left of it.',
  },
  too_many_queued_jobs: {
    status: 429,
    title: 'The project has too many queued training jobs',
    remedy: 'Wait until some have left the queue (`Retry-After`), or cancel some, then send the request again.',
  },
  too_much_unfinished_work: {
    status: 429,
    title: 'The project has too many unfinished generations or evaluations',
    remedy:
      'Images x megapixels x steps (twice with guidance) of all that is unfinished is more than the budget of the project. Wait until some of it has ended (`Retry-After`), or cancel some, then send the request again. The operator sets `GENERATION_BUDGET_PER_PROJECT` and `EVALUATION_BUDGET_PER_PROJECT`.',
  },
  too_many_event_streams: {
    status: 429,
    title: 'Too many open event streams with this API key',
    remedy:
      'Close streams that nobody reads, or read the log of several jobs in turn without streaming. A job that has ended closes its streams.',
  },
  too_many_uploads: {
    status: 429,
    title: 'Too many uploads at a time',
    remedy: 'Wait until one of the uploads under way has ended, or for the seconds that `Retry-After` names, then send this one again.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers of the request are too large',
    remedy: 'All headers and the path together may have 16 KB.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    remedy: 'Not your doing. The log has the cause under `request_id`. Trying again later may help.',
  },
  overloaded: {
    status: 503,
    title: 'The service has as much to do as it can hold',
    remedy: 'Nothing of the request was kept. Wait for the seconds that `Retry-After` names, then send it again.',
  },
  storage_full: {
    status: 507,
    title: 'There is no room left on the disk of the service',
    remedy:
      'Nothing of the request was kept. Tell who runs the service, who has to make room (`disk_space` in docs/operations.md), then send the request again.',
  },
} as const satisfies Record<string, { status: number; title: string; remedy: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** Where the API describes an error code. */
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
    request_id: z.string().describe('The id of this request in the log'),
    errors: z.array(fieldError).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });
export type Problem = z.infer<typeof problem>;

/** Why a job or a generation ends as `failed`, and what helps. */
export const FAILURES = {
  invalid_input: 'The images, prompts or numbers do not fit together; `message` names the field. Change it and send a new job.',
  too_few_images: 'A component or the Aux part has fewer than 3 images. Upload more: 15 to 20 work best.',
  image_too_small:
    'Images are smaller than `hyperparameters.resolution`; `message` names them. Upload larger ones or lower the resolution.',
  common_token: 'The token is read as words that the base model knows already. Take a rare one, such as zwx, ukj or sks.',
  unsupported_base_model:
    'The base model has a part that cannot be trained here; `message` names it. Take a Stable Diffusion 1.x or 2.x checkpoint.',
  extractor_not_configured:
    'early_stopping or an evaluation needs a feature extractor whose weights are not installed; `message` names it. Install them, or choose another extractor.',
  unusable_features:
    'A feature extractor gave values that are not numbers, so that nothing can be measured. Its weights are damaged: install them again.',
  non_finite_image:
    'The model gives values that are not numbers, or an image that is black all over. Its weights are damaged or its training diverged: take another checkpoint, or lower `guidance_scale`.',
  training_diverged:
    'Loss or gradient became infinite at the step that `message` names; the last checkpoint is kept. Lower `learning_rate`.',
  timeout: 'The job ran longer than this installation allows.',
  device_unavailable:
    'The device that the worker is set to (DEVICE) is gone or cannot run this model. Its log has the details; another worker may do.',
  storage_full:
    'There is no room on the disk of the worker or of the store. The operator has to make some; the checkpoints that were saved are kept, and a training job can then be resumed.',
  process_died:
    "The job's process ended unexpectedly, perhaps out of memory. Lower the batch size or use gradient checkpointing, then try again.",
  worker_died: 'The worker died with the job again and again. Its log may tell why.',
  internal_error: "The job failed on the service's side. Its log has the details under the job's id.",
} as const satisfies Record<string, string>;

export type FailureCode = keyof typeof FAILURES;
export const FAILURE_CODES = Object.keys(FAILURES) as [FailureCode, ...FailureCode[]];

/** Why a job or a generation failed: safe to show to the caller. */
export const failure = z.object({ code: z.enum(FAILURE_CODES), message: z.string(), retryable: z.boolean() }).meta({ id: 'Failure' });
export type Failure = z.infer<typeof failure>;
