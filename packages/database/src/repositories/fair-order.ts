// Whose turn it is: start-time fair queueing between projects (docs/decisions), and by priority and age within one.
import { Prisma } from '../generated/client.ts';
import type { Transaction } from '../prisma-types.ts';

/**
 * The waiting messages of a topic with `place`, their place in their project's own line, and `start`, the virtual time of their turn:
 * where the project stands, but no earlier than the clock, so that nobody saves up turns by being idle.
 */
export function fairOrder(topic: string): Prisma.Sql {
  return Prisma.sql`
    select placed.*, greatest(coalesce(share.virtual_time, 0), coalesce(clock.virtual_time, 0)) + (place - 1) / coalesce(project.share_weight, 1) as start
    from (
      select id, topic, key, payload, project_id, priority, created_at, row_number() over (partition by project_id order by priority desc, id) as place
      from outbox where topic = ${topic} and parked_at is null
    ) placed
    left join project_shares share on share.topic = placed.topic and share.project_id = placed.project_id
    left join dispatch_clocks clock on clock.topic = placed.topic
    left join projects project on project.id = placed.project_id`;
}

/** Each turn costs its project 1 / weight; the clock stands at the last turn. */
export async function advanceShares(transaction: Transaction, topic: string, turns: { projectId: string; start: number }[]): Promise<void> {
  const last = new Map(turns.map(({ projectId, start }) => [projectId, start]));
  for (const [projectId, start] of last) {
    await transaction.$executeRaw`
      insert into project_shares (topic, project_id, virtual_time)
      values (${topic}, ${projectId}, ${start}::float8 + 1 / coalesce((select share_weight from projects where id = ${projectId}), 1))
      on conflict (topic, project_id) do update set virtual_time = excluded.virtual_time`;
  }
  await transaction.$executeRaw`
    insert into dispatch_clocks (topic, virtual_time) values (${topic}, ${Math.max(...turns.map(({ start }) => start))})
    on conflict (topic) do update set virtual_time = excluded.virtual_time`;
}
