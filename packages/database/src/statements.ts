// Statements that are sent without the Prisma client, for the most frequent requests. Each is prepared once per connection.
import type pg from 'pg';

export type OnQuery = (statement: string, milliseconds: number) => void;

/** A pool of connections, or one connection. */
type Connections = { query(statement: pg.QueryConfig): Promise<pg.QueryResult> };

export class Statements {
  readonly #connections: Connections;
  readonly #onQuery: OnQuery | undefined;

  constructor(connections: Connections, onQuery?: OnQuery) {
    this.#connections = connections;
    this.#onQuery = onQuery;
  }

  /**
   * Runs a statement. `name` identifies the text. Columns are listed, never `*`, because a prepared statement must keep its result when a
   * migration adds a column.
   */
  async run<Row>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    const start = performance.now();
    const { rows } = await this.#connections.query({ name, text, values });
    this.#onQuery?.(/^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? '', performance.now() - start);
    return rows as Row[];
  }
}
