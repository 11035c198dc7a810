// Cursor pages: newest first, `after` is the id of the last row of the page before.
import { z } from 'zod';

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().min(1).max(64).optional(),
});
export type PageQuery = z.infer<typeof pageQuery>;

export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z
    .object({ data: z.array(item), has_more: z.boolean(), next: z.string().nullable().describe('The value for `after`') })
    .meta({ id });
}

export type Page<T> = { data: T[]; has_more: boolean; next: string | null };

export const timestamp = z.iso.datetime().describe('ISO 8601, UTC');
