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

/** Maximum number of fields that the detail names; all of them are in `errors`. */
const NAMED_FIELDS = 3;

/** An error about fields: its detail names the first ones and how many more there are. */
export function refusal(code: ErrorCode, fields: FieldError[]): ApiError {
  const named = fields.slice(0, NAMED_FIELDS).map(({ pointer, detail }) => `${pointer}: ${detail}`);
  const others = fields.length > NAMED_FIELDS ? `; and ${fields.length - NAMED_FIELDS} more` : '';
  return new ApiError(code, named.join('; ') + others, fields);
}

/** `thing` as in "training job". */
export function notFound(thing: string, id: string): ApiError {
  return new ApiError('not_found', `There is no ${thing} ${id}.`);
}
