// Cursor pages: newest first, or by step for what a job has made; `after` is the `next` of the page before.
import { z } from 'zod';

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().min(1).max(64).optional(),
});
export type PageQuery = z.infer<typeof pageQuery>;

/** Pages of what a job has made, in the order of its steps; `cursor` is what `next` is made of. */
export const stepPageQuery = <T extends z.ZodType>(cursor: T) => z.object({ limit: z.coerce.number().int().min(1).max(100).default(100), after: cursor });
export const stepCursor = z.coerce.number().int().min(0).max(2 ** 31 - 1);

export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z
    .object({ data: z.array(item), has_more: z.boolean(), next: z.string().nullable().describe('The value for `after`') })
    .meta({ id });
}

export type Page<T> = { data: T[]; has_more: boolean; next: string | null };

export const timestamp = z.iso.datetime().describe('ISO 8601, UTC');
