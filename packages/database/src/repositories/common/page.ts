// One page of rows, newest first, from a query for one row more than the page contains.
export type RowPage<Row> = { rows: Row[]; hasMore: boolean };

export type PageRequest = { limit: number; after?: string | undefined };

/** The parts of a Prisma query that select a page. Ids sort by age. */
export function pageArguments({ limit, after }: PageRequest) {
  return { take: limit + 1, orderBy: { id: 'desc' as const }, where: after === undefined ? {} : { id: { lt: after } } };
}

export function toPage<Row>(rows: Row[], limit: number): RowPage<Row> {
  return { rows: rows.slice(0, limit), hasMore: rows.length > limit };
}
