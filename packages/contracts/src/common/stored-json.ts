// Converts JSON that an earlier version of the service stored to its present form.
import { z } from 'zod';

/**
 * Adds the fields that `stored` lacks, as null or an empty list, where the schema allows that. Other missing fields stay missing, and
 * fields that the schema does not know are kept.
 */
export function withAbsentFields(schema: z.ZodType, stored: unknown): unknown {
  if (stored === null || typeof stored !== 'object') return stored;
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return withAbsentFields(schema.unwrap() as z.ZodType, stored);
  if (schema instanceof z.ZodArray && Array.isArray(stored))
    return stored.map((part) => withAbsentFields(schema.element as z.ZodType, part));
  if (!(schema instanceof z.ZodObject)) return stored;
  const known = Object.entries(schema.shape as Record<string, z.ZodType>).map(([field, part]): [string, unknown] => {
    const value = (stored as Record<string, unknown>)[field];
    return [field, value === undefined ? nothingOf(part) : withAbsentFields(part, value)];
  });
  return { ...stored, ...Object.fromEntries(known.filter(([, value]) => value !== undefined)) };
}

function nothingOf(schema: z.ZodType): null | [] | undefined {
  return [undefined, null, [] as []].find((nothing) => schema.safeParse(nothing).success);
}
