// Values of variables as people, files of variables and clipboards write them: what is harmless is taken away, what would mean something else is refused.
import { z } from 'zod';

/** The values without blanks and line ends around them. An empty one counts as not set. */
export function givenValues(env: NodeJS.ProcessEnv): Record<string, string> {
  const trimmed = Object.entries(env).map(([name, value]) => [name, value?.trim() ?? ''] as const);
  return Object.fromEntries(trimmed.filter(([, value]) => value !== ''));
}

const QUOTED = /^(["']).*\1$/s;
const IS_PATH = /_(DIRECTORY|WEIGHTS|PYTHON|CREDENTIALS)$/;

/** What a shell would have taken away or replaced, and what starts a process does not. */
export function shellFaults(names: readonly string[], given: Readonly<Record<string, string>>): string[] {
  return names.flatMap((name) => {
    const value = given[name] ?? '';
    if (QUOTED.test(value)) return [`${name}: stands in quotation marks, which would be a part of it; write it without them`];
    if (IS_PATH.test(name) && /^~(\/|$)/.test(value)) return [`${name}: begins with ~, which only a shell replaces; write the whole path`];
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

/** An address whose user name and password may have characters with a meaning in addresses. */
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

/** The name of a bucket, and nothing of its address. */
export const bucketName = z
  .string()
  .regex(/^[\w.-]+$/, 'must be the name of the bucket alone; a prefix of its keys goes into S3_PREFIX, an address into S3_ENDPOINT');
