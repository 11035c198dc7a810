// Messages for wrong input in plain words instead of zod's own. They apply in every package that parses with zod and imports this one.
import { z } from 'zod';
import { unknownFieldsMessage } from './unknown-fields.ts';

type Issue = z.core.$ZodRawIssue;

/** Names of zod's types as readers know them. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  set: 'a list',
  object: 'an object',
  record: 'an object',
  map: 'an object',
  date: 'a time',
  null: 'null',
};

/** Names of text formats, with an example where one helps. */
const FORMATS: Readonly<Record<string, string>> = {
  url: 'must be a URL such as https://example.com/path',
  email: 'must be an e-mail address',
  datetime: 'must be a time in UTC such as 2026-11-29T12:00:00Z',
  date: 'must be a day such as 2026-11-29',
  base64: 'must be base64',
  json_string: 'must be JSON',
  uuid: 'must be a UUID',
};

const kindOf = (type: string): string => KINDS[type] ?? type;
const quoted = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');

/** A value in a sentence: numbers as they are, other values by their kind. */
function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (Number.isNaN(value)) return 'not a number';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(typeof value);
}

/** `at least 3 characters`, `at most 20 entries`, `greater than 0`. */
function boundOf(origin: string, bound: number | bigint, words: { inclusive: string; exclusive: string }, isInclusive = true): string {
  const word = isInclusive ? words.inclusive : words.exclusive;
  if (origin === 'string') return `have ${word} ${bound} ${Number(bound) === 1 ? 'character' : 'characters'}`;
  if (origin === 'array' || origin === 'set') return `have ${word} ${bound} ${Number(bound) === 1 ? 'entry' : 'entries'}`;
  if (origin === 'object' || origin === 'record' || origin === 'map')
    return `have ${word} ${bound} ${Number(bound) === 1 ? 'field' : 'fields'}`;
  if (origin === 'file') return `have ${word} ${bound} bytes`;
  return `be ${word} ${bound}`;
}

/** A message without its subject, which is the field: `must be at least 1`. Undefined: zod's own message is used. */
export function plainMessage(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `must be ${kindOf(issue.expected)}`
        : `must be ${kindOf(issue.expected)}, and is ${nameOf(issue.input)}`;
    case 'invalid_value':
      return issue.values.length === 1 ? `must be ${quoted(issue.values)}` : `must be one of ${quoted(issue.values)}`;
    case 'too_small':
      return `must ${boundOf(issue.origin, issue.minimum, { inclusive: 'at least', exclusive: 'greater than' }, issue.inclusive)}`;
    case 'too_big':
      return `must ${boundOf(issue.origin, issue.maximum, { inclusive: 'at most', exclusive: 'less than' }, issue.inclusive)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return formatMessage(issue);
    case 'unrecognized_keys':
      return unknownFieldsMessage(issue);
    case 'invalid_union':
      return 'has none of the allowed forms';
    case 'invalid_key':
      return 'has a name that is not allowed';
    case 'invalid_element':
      return 'has an entry that is not allowed';
    case 'custom':
      return undefined;
  }
}

function formatMessage(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidStringFormat>): string {
  if (issue.format === 'regex') return `must match the pattern ${issue.pattern}`;
  if (issue.format === 'starts_with' && 'prefix' in issue) return `must begin with ${JSON.stringify(issue.prefix)}`;
  if (issue.format === 'ends_with' && 'suffix' in issue) return `must end with ${JSON.stringify(issue.suffix)}`;
  if (issue.format === 'includes' && 'includes' in issue) return `must contain ${JSON.stringify(issue.includes)}`;
  return FORMATS[issue.format] ?? `must be a valid ${issue.format}`;
}

z.config({ localeError: plainMessage });
