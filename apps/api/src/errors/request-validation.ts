// Checks requests against their zod schemas and points at every bad field.
import type { FieldError } from '@styleforge/contracts';
import type { FastifySchemaCompiler } from 'fastify';
import type { ZodType, z } from 'zod';

type Issue = z.core.$ZodIssue;

/** Fastify adds which part of the request was checked. */
export class RequestValidationError extends Error {
  override name = 'RequestValidationError';
  readonly fields: FieldError[];
  declare readonly validationContext?: 'body' | 'querystring' | 'params' | 'headers';

  constructor(issues: Issue[]) {
    super('The request does not match its schema.');
    this.fields = issues.flatMap(toFieldErrors);
  }
}

export const validatorCompiler: FastifySchemaCompiler<ZodType> = ({ schema }) => (data) => {
  const result = schema.safeParse(data);
  return result.success ? { value: result.data } : { error: new RequestValidationError(result.error.issues) };
};

export function toFieldErrors(issue: Issue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: toPointer([...issue.path, key]), detail: 'there is no such field' }));
  }
  return [{ pointer: toPointer(issue.path), detail: issue.message }];
}

/** RFC 6901. */
export function toPointer(path: PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
