// The settings of a task as this version knows them. During a rolling update a newer version may have written settings that this one lacks.
import { z } from 'zod';
import { NewerSettingsError } from '../errors.ts';

type Issue = z.core.$ZodIssue;

export function readSettings<Schema extends z.ZodType>(schema: Schema, stored: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(stored);
  if (success) return data;
  const unknown = error.issues.flatMap(unknownTo);
  throw unknown.length >= error.issues.length ? new NewerSettingsError(unknown, error) : error;
}

/** Settings, or choices of a setting, that the schema does not have. */
function unknownTo({ path, ...issue }: Issue): string[] {
  const at = ['', ...path.map(String)].join('/');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${at}/${key}`);
  const isChoice = issue.code === 'invalid_value' || (issue.code === 'invalid_union' && issue.errors.length === 0);
  return isChoice ? [at] : [];
}
