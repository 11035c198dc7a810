// Values of variables as shells, env files and clipboards deliver them: harmless additions are removed, misleading ones are refused.
import { z } from 'zod';

/** Removes blanks and line ends around the values. An empty value counts as not set. */
export function givenValues(env: NodeJS.ProcessEnv): Record<string, string> {
  const trimmed = Object.entries(env).map(([name, value]) => [name, value?.trim() ?? ''] as const);
  return Object.fromEntries(trimmed.filter(([, value]) => value !== ''));
}

const QUOTED = /^(["']).*\1$/s;
const IS_PATH = /_(DIRECTORY|WEIGHTS|PYTHON|CREDENTIALS)$/;

/** Reports what a shell would have replaced but a process manager does not: quotation marks and a leading ~. */
export function shellFaults(names: readonly string[], given: Readonly<Record<string, string>>): string[] {
  return names.flatMap((name) => {
    const value = given[name] ?? '';
    if (QUOTED.test(value)) return [`${name}: is in quotation marks, which would become part of it; remove them`];
    if (IS_PATH.test(name) && /^~(\/|$)/.test(value)) return [`${name}: begins with ~, which only a shell replaces; write the full path`];
    return [];
  });
}

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

/** Schema of a URL. Special characters in its user name and password must be percent-encoded. */
export const url = (...protocols: string[]) => {
  const starts = protocols.map((protocol) => `${protocol}//`);
  return z
    .string()
    .refine((value) => starts.some((start) => value.toLowerCase().startsWith(start)), `must be a URL starting with ${starts.join(' or ')}`)
    .refine(
      (value) => !starts.some((start) => value.toLowerCase().startsWith(start)) || (URL.canParse(value) && isDecodable(value)),
      'cannot be read as a URL; in a user name or password, write % as %25, / as %2F, @ as %40, # as %23 and ? as %3F',
    );
};

/** Schema of the database's URL. Prisma's `schema` is not read by the driver, so that another schema would be ignored. */
export const databaseUrl = url('postgres:', 'postgresql:').refine(
  (value) => !URL.canParse(value) || ['public', null].includes(new URL(value).searchParams.get('schema')),
  'names a schema, and tables are created in the schema public; name a database of its own instead',
);

/** Schema of a bucket name, without any part of its URL. */
export const bucketName = z
  .string()
  .regex(/^[\w.-]+$/, 'must be the name of the bucket alone; a prefix of its keys goes into S3_PREFIX, an address into S3_ENDPOINT');
