// The number of jobs ahead of a queued one.
import { Batches } from '../../batches.ts';
import type { Transaction } from '../../prisma-types.ts';
import type { Statements } from '../../statements.ts';

const POSITIONS = 'select job_id as "id", queue_position as "position" from training_job_positions($1)';

/**
 * The number of jobs ahead of each of these queued jobs: first those that the outbox has released to the queue, by age; then those in
 * the outbox, in the order of their turns. A turn that waits for the project's limit of running jobs counts too.
 */
export async function queuePositions(statements: Statements, ids: string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await statements.run<{ id: string; position: number }>('training_job_positions', POSITIONS, [ids]);
  return new Map(rows.map(({ id, position }) => [id, position]));
}

/** Reads the position of one job. Calls during a statement are combined in the next one. Null for a job that is not queued. */
export function positionReader(statements: Statements): (id: string) => Promise<number | null> {
  const batches = new Batches<string, number | null>(
    async (_key, ids) => {
      const positions = await queuePositions(statements, ids);
      return ids.map((id) => positions.get(id) ?? null);
    },
    { failTogether: true },
  );
  return (id) => batches.add('', id);
}

/** Number of the project's queued jobs of at least this priority. */
export async function countQueued(client: Transaction, projectId: string, leastPriority?: number): Promise<number> {
  const where = { kind: 'queued_job', projectId, ...(leastPriority !== undefined && { priority: { gte: leastPriority } }) };
  const { _sum } = await client.queueCount.aggregate({ where, _sum: { amount: true } });
  return _sum.amount ?? 0;
}
