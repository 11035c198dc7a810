// A page of rows as a response body.
import type { Page } from '@styleforge/contracts';
import type { RowPage } from '@styleforge/database';

export function presentPage<Row extends { id: string }, Body>({ rows, hasMore }: RowPage<Row>, present: (row: Row) => Body): Page<Body> {
  return { data: rows.map(present), has_more: hasMore, next: hasMore ? (rows.at(-1)?.id ?? null) : null };
}
