// Turns in the outbox: start-time fair queueing between projects (docs/decisions), and priority and age within a project.
import { Prisma } from '../../generated/client.ts';
import type { Transaction } from '../../prisma-types.ts';

const columns = Prisma.raw('id, topic, key, payload, project_id, priority, created_at');
const ownLine = Prisma.raw('priority desc, id');

/**
 * Waiting messages of a topic with `place`, their place in the queue of their project (`placed` selects them), and `start`, the virtual
 * time of their turn:
 * that of the project, but not before the clock, so that an idle project saves up no turns.
 */
export function fairOrder(placed: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    select placed.*, greatest(coalesce(share.virtual_time, 0), coalesce(clock.virtual_time, 0)) + (place - 1) / coalesce(project.share_weight, 1) as start
    from (${placed}) placed
    left join project_shares share on share.topic = placed.topic and share.project_id = placed.project_id
    left join dispatch_clocks clock on clock.topic = placed.topic
    left join projects project on project.id = placed.project_id`;
}

/**
 * Selects at most `count` messages of each project. If its training jobs are limited, it selects no more than may be under way in addition
 * to those that a worker holds or that wait in the queue. Reads the index project by project, so the number of waiting messages does not
 * matter.
 */
export function nextMessages(topic: string, count: number, maxRunningJobs: number | null): Prisma.Sql {
  const waiting = Prisma.sql`outbox where topic = ${topic} and parked_at is null`;
  const most = topic === 'train' ? Prisma.sql`coalesce(project.max_running_jobs, ${maxRunningJobs}::int)` : Prisma.sql`null::int`;
  return Prisma.sql`
    with recursive waiting as (
      (select project_id from ${waiting} order by project_id limit 1)
      union all
      select (select project_id from ${waiting} and project_id > waiting.project_id order by project_id limit 1) from waiting where waiting.project_id is not null
    ), allowance as (
      select waiting.project_id, case when ${most} is null then ${count}::int else least(${count}::int, ${most} - (${underWay})) end as turns
      from waiting left join projects project on project.id = waiting.project_id
      where waiting.project_id is not null
    )
    select line.* from allowance cross join lateral (
      select ${columns}, row_number() over (order by ${ownLine}) as place
      from ${waiting} and project_id = allowance.project_id order by ${ownLine} limit greatest(0, allowance.turns)
    ) line`;
}

const underWay = Prisma.sql`
  select count(*) from training_jobs job where job.project_id = waiting.project_id
    and (status in ('validating', 'running', 'evaluating', 'pausing')
      or (status = 'queued' and not exists (select 1 from outbox where topic = 'train' and key = job.id)))`;

/** Adds 1 / weight to the project's virtual time for each turn; the clock is the time of the last turn. */
export async function advanceShares(transaction: Transaction, topic: string, turns: { projectId: string; start: number }[]): Promise<void> {
  const last = new Map(turns.map(({ projectId, start }) => [projectId, start]));
  await transaction.$executeRaw`
    with shares as (
      insert into project_shares (topic, project_id, virtual_time)
      select ${topic}, turn.project_id, turn.start + 1 / coalesce(project.share_weight, 1)
      from unnest(${[...last.keys()]}::text[], ${[...last.values()]}::float8[]) as turn (project_id, start)
      left join projects project on project.id = turn.project_id
      on conflict (topic, project_id) do update set virtual_time = excluded.virtual_time
    )
    insert into dispatch_clocks (topic, virtual_time) values (${topic}, ${Math.max(...last.values())})
    on conflict (topic) do update set virtual_time = excluded.virtual_time`;
}
