// JSON that the service wrote itself, perhaps before a field existed, in the form that it has now.
import { z } from 'zod';

/**
 * `stored` with what it lacks: null or an empty list, where the schema takes that for nothing known. Whatever else is missing stays so,
 * and what the schema does not know is kept.
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
