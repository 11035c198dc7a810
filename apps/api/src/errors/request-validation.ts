// Validates requests against their zod schemas and reports every invalid field.
import { unknownFields, type FieldError } from '@styleforge/contracts';
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
    this.fields = fieldErrorsOf(issues);
  }
}

/** Whether the id in the path has a wrong form. Such a request is a 404. */
export const isUnknownId = (error: unknown): boolean => error instanceof RequestValidationError && error.validationContext === 'params';

/** Makes zod report the input, which distinguishes a missing value from a wrong one. */
export const REPORTING = { reportInput: true } as const;

export const validatorCompiler: FastifySchemaCompiler<ZodType> =
  ({ schema }) =>
  (data) => {
    const result = schema.safeParse(data, REPORTING);
    return result.success ? { value: result.data } : { error: new RequestValidationError(result.error.issues) };
  };

/** Every invalid field with what is allowed. A limit is omitted if the value is also beyond a narrower one. */
export function fieldErrorsOf(issues: Issue[]): FieldError[] {
  return issues.filter((issue) => !issues.some((other) => isNarrower(other, issue))).flatMap(toFieldErrors);
}

/** zod checks whole numbers against the safe integers, too, before it checks the limits of the field. */
function isNarrower(other: Issue, issue: Issue): boolean {
  if (toPointer(other.path) !== toPointer(issue.path)) return false;
  if (other.code === 'too_big' && issue.code === 'too_big') return other.maximum < issue.maximum;
  return other.code === 'too_small' && issue.code === 'too_small' && other.minimum > issue.minimum;
}

function toFieldErrors(issue: Issue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return unknownFields(issue).map(({ name, detail }) => ({ pointer: toPointer([...issue.path, name]), detail }));
  }
  const pointer = toPointer(issue.path);
  if (issue.code === 'invalid_key') return [{ pointer, detail: `its name ${issue.issues.map(({ message }) => message).join(', ')}` }];
  if ('input' in issue && issue.input === undefined) return [{ pointer, detail: `is missing${expectationOf(issue)}` }];
  return issue.code === 'invalid_union' ? toUnionErrors(issue) : [{ pointer, detail: issue.message }];
}

/** Requirement on a missing value, such as `: it must be a text`, if the check names one. */
const expectationOf = ({ message }: Issue): string => (message.startsWith('must be ') ? `: it ${message}` : '');

/** The variant of a union that the value matches best; all variants if it matches none. */
function toUnionErrors({ path, errors }: z.core.$ZodIssueInvalidUnion): FieldError[] {
  const depthOf = (issues: Issue[]) => Math.max(...issues.map((issue) => issue.path.length));
  const deepest = Math.max(...errors.map(depthOf));
  const [closest = [], ...others] = errors.filter((issues) => depthOf(issues) === deepest);
  if (others.length === 0) return fieldErrorsOf(closest.map((issue) => ({ ...issue, path: [...path, ...issue.path] })));
  return [{ pointer: toPointer(path), detail: [closest, ...others].map(([issue]) => issue?.message).join(', or: ') }];
}

/** RFC 6901. */
export function toPointer(path: PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
