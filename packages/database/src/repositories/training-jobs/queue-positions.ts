// How many jobs go before a queued one.
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { fairOrder } from '../work/fair-order.ts';

/**
 * First those that the outbox has released to the queue, by age; then those in the outbox, in the order of their turns.
 * A turn that a project's limit of running jobs holds back counts like any other.
 */
export async function queuePositions(prisma: PrismaClient, ids: string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await prisma.$queryRaw<{ id: string; position: number }[]>`
    with waiting as (
      select key, row_number() over (order by start, priority desc, id) as turn from (${fairOrder('train')}) ordered
    ), lined_up as (
      select job.id, row_number() over (order by waiting.turn nulls first, job.id) - 1 as position
      from training_jobs job left join waiting on waiting.key = job.id
      where job.status = 'queued'
    )
    select id, position::int from lined_up where id in (${Prisma.join(ids)})`;
  return new Map(rows.map(({ id, position }) => [id, position]));
}
