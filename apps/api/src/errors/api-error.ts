// An error that the caller is meant to see.
import { ERRORS } from '@styleforge/contracts';
import type { ErrorCode, FieldError } from '@styleforge/contracts';

export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly fields: FieldError[];

  constructor(code: ErrorCode, detail: string, fields: FieldError[] = []) {
    super(detail);
    this.code = code;
    this.fields = fields;
  }

  get statusCode(): number {
    return ERRORS[this.code].status;
  }
}

/** `thing` as in "training job". */
export function notFound(thing: string, id: string): ApiError {
  return new ApiError('not_found', `There is no ${thing} ${id}.`);
}
