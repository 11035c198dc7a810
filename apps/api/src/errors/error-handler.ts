// Converts every thrown error to a problem document.
import { STATUS_CODES } from 'node:http';
import { ERRORS, errorType, UPLOAD_LIMITS } from '@styleforge/contracts';
import type { ErrorCode, FieldError, Problem } from '@styleforge/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BudgetError, isDatabaseAway, QueueFullError } from '@styleforge/database';
import { isStorageFull, isStoreAway } from '@styleforge/storage';
import type { AllowedMethods } from '../http/allowed-methods.ts';
import { BrokenBaseModelError } from '../services/models/base-model-catalog.ts';
import { ApiError } from './api-error.ts';
import { isUnknownId, RequestValidationError } from './request-validation.ts';

type Described = { code: ErrorCode; detail: string; fields?: FieldError[]; retryAfterSeconds?: number };

/** Seconds after which a full queue is likely to have room again: jobs run for minutes. */
const QUEUE_MOVES_SECONDS = 60;

/** Seconds that a dependency usually needs to restart, or a volume to be mounted again. */
const DEPENDENCY_RETURNS_SECONDS = 5;

/** Maximum number of field errors in a response. More of them usually have one common cause. */
const MOST_ERRORS = 100;

export const PROBLEM_TYPE = 'application/problem+json';

export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const described = describe(error, request);
  const { status } = ERRORS[described.code];
  if (status >= 500) request.log.error({ err: error }, 'request failed');
  else request.log.info({ code: described.code, detail: described.detail }, 'request refused');
  // A path that cannot be decoded is refused before the hooks of the app run.
  reply.header('x-request-id', request.id);
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="styleforge"');
  if (described.retryAfterSeconds !== undefined) reply.header('retry-after', String(described.retryAfterSeconds));
  // The route's response schema must not be applied to a problem document.
  reply.serializer(JSON.stringify as (payload: unknown) => string);
  void reply
    .code(status)
    .type(PROBLEM_TYPE)
    .send(toProblem(described, { id: request.id, instance: pathOf(request) }));
}

/** Responds with 405 if the path exists with other methods, otherwise with 404. */
export function handleUnknownRoute(request: FastifyRequest, reply: FastifyReply, allowed: AllowedMethods): void {
  const path = pathOf(request);
  const methods = allowed.of(path);
  if (methods.length === 0)
    return handleError(new ApiError('not_found', `Nothing was found at ${request.method} ${path}.`), request, reply);
  reply.header('allow', methods.join(', '));
  handleError(new ApiError('method_not_allowed', `${path} has no ${request.method}; it has ${methods.join(', ')}.`), request, reply);
}

export function toProblem({ code, detail, fields }: Described, { id, instance }: { id: string; instance: string }): Problem {
  const { status, title } = ERRORS[code];
  return {
    type: errorType(code),
    title,
    status,
    detail,
    instance,
    code,
    request_id: id,
    ...(fields && fields.length > 0 ? { errors: fields.slice(0, MOST_ERRORS) } : {}),
  };
}

function describe(error: unknown, request: FastifyRequest): Described {
  if (error instanceof ApiError) return { code: error.code, detail: error.message, fields: error.fields };
  if (error instanceof RequestValidationError) return describeValidation(error);
  if (error instanceof BrokenBaseModelError) return { code: 'unusable_base_model', detail: error.message };
  if (error instanceof QueueFullError)
    return { code: 'too_many_queued_jobs', detail: error.message, retryAfterSeconds: QUEUE_MOVES_SECONDS };
  if (error instanceof BudgetError)
    return { code: 'too_much_unfinished_work', detail: error.message, retryAfterSeconds: QUEUE_MOVES_SECONDS };
  if (isDatabaseAway(error) || isStoreAway(error))
    return {
      code: 'dependency_unavailable',
      detail: `The service cannot reach its database or object store. Try again in ${DEPENDENCY_RETURNS_SECONDS} seconds.`,
      retryAfterSeconds: DEPENDENCY_RETURNS_SECONDS,
    };
  if (isStorageFull(error))
    return {
      code: 'storage_full',
      detail:
        'The disk of the service is full, so nothing from this request was stored. Ask the operator to free disk ' +
        'space, then send the request again.',
    };
  return (
    describeFastifyError(error, request) ?? {
      code: 'internal_error',
      detail: 'The request failed inside the service. The log has the error under the request id.',
    }
  );
}

/** Errors of Fastify about a request: too large, invalid JSON, a wrong content length, an invalid multipart body. */
function describeFastifyError(error: unknown, request: FastifyRequest): Described | undefined {
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return { code: 'not_found', detail: 'This project has nothing with this id.' };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return {
      code: 'payload_too_large',
      detail: `The body of ${request.method} ${pathOf(request)} may have at most ${request.routeOptions.bodyLimit} bytes.`,
    };
  if (code === 'FST_FILES_LIMIT' || code === 'FST_PARTS_LIMIT') {
    return {
      code: 'payload_too_large',
      detail:
        `An upload may have at most ${UPLOAD_LIMITS.imagesPerDataset} files, and ${UPLOAD_LIMITS.parts} parts ` +
        'including the text fields. Nothing was kept. Send several smaller uploads.',
    };
  }
  if (statusCode === 413) return { code: 'payload_too_large', detail: message ?? 'The body is too large.' };
  if (statusCode === 415) return { code: 'unsupported_media_type', detail: describeMediaType(request) };
  if (code?.startsWith('FST_') && statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { code: 'invalid_request', detail: message ?? STATUS_CODES[statusCode] ?? 'Bad request.' };
  }
  return undefined;
}

function describeMediaType({ headers, routeOptions }: FastifyRequest): string {
  const { consumes = ['application/json'] } = (routeOptions.schema ?? {}) as { consumes?: string[] };
  const named = headers['content-type'] ? `not as ${headers['content-type']}` : 'and name it in Content-Type';
  return `Send the body as ${consumes.join(' or ')}, ${named}.`;
}

function describeValidation(error: RequestValidationError): Described {
  if (isUnknownId(error)) return { code: 'not_found', detail: 'This project has nothing with this id.' };
  const [first] = error.fields;
  const detail = first === undefined ? error.message : `${first.pointer || 'The body'}: ${first.detail}`;
  return { code: 'validation_failed', detail, fields: error.fields };
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? request.url;
}
