// Cursor pages: newest first, or in the order of steps for what a job has made. `after` is the `next` of the previous page.
import { z } from 'zod';

/** Query of a page. `cursor` is the schema of `next`. Unknown filters are refused, because without them the page would contain too much. */
export const pageQuery = <T extends z.ZodType>(cursor: T) =>
  z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20), after: cursor.optional() });
export type PageQuery = { limit: number; after?: string | undefined };

/** Pages of what a job has made, in the order of its steps. */
export const stepPageQuery = <T extends z.ZodType>(cursor: T) =>
  z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(100), after: cursor });
/** Leaves text unchanged, so that empty text is refused instead of being read as 0. */
export const numberText = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? Number.NaN : value);
export const stepCursor = z.preprocess(
  numberText,
  z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1),
);

export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z
    .object({
      data: z.array(item),
      has_more: z.boolean(),
      next: z.string().nullable().describe('Value of `after` for the next page; null on the last page'),
    })
    .meta({ id });
}

export type Page<T> = { data: T[]; has_more: boolean; next: string | null };

/** Marks a row whose object a sweep did not find in the store. */
export const missingObject = z
  .boolean()
  .describe(
    'The stored file was missing when the service last compared its records with the object store. Downloads fail ' +
      'until the file is restored',
  );

export const timestamp = z.iso.datetime().describe('ISO 8601, UTC');
