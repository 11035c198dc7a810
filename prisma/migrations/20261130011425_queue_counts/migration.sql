-- CreateTable
CREATE TABLE "queue_counts" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "priority" SMALLINT NOT NULL,
    "amount" INTEGER NOT NULL,

    CONSTRAINT "queue_counts_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "queue_counts_kind_project_id_priority_idx" ON "queue_counts"("kind", "project_id", "priority");

-- Changes a count without waiting for others: every transaction takes a row that nobody else holds. A decrease also puts the free rows together, so that a project
-- that has no jobs left has no rows either.
create function add_to_queue_count(the_kind text, the_project text, the_priority smallint, change integer) returns void
language plpgsql as $$
begin
  if change > 0 then
    update queue_counts set amount = amount + change where id = (
      select id from queue_counts where kind = the_kind and project_id = the_project and priority = the_priority limit 1 for update skip locked
    );
    if not found then
      insert into queue_counts (kind, project_id, priority, amount) values (the_kind, the_project, the_priority, change);
    end if;
  elsif change < 0 then
    with merged as (
      delete from queue_counts where id = any (array(
        select id from queue_counts where kind = the_kind and project_id = the_project and priority = the_priority for update skip locked
      )) returning amount
    ), total as (
      select change + coalesce(sum(amount), 0) as amount from merged
    ) insert into queue_counts (kind, project_id, priority, amount) select the_kind, the_project, the_priority, amount from total where amount <> 0;
  end if;
end
$$;

create function count_changed_messages() returns trigger
language plpgsql as $$
declare
  line record;
begin
  for line in
    select project_id, priority, count(*)::integer as messages from changed where topic = 'train' and parked_at is null group by project_id, priority
  loop
    perform add_to_queue_count('train_message', line.project_id, line.priority, case TG_OP when 'INSERT' then line.messages else -line.messages end);
  end loop;
  return null;
end
$$;
create trigger count_new_messages after insert on outbox referencing new table as changed for each statement execute function count_changed_messages();
create trigger count_removed_messages after delete on outbox referencing old table as changed for each statement execute function count_changed_messages();

create function count_updated_message() returns trigger
language plpgsql as $$
begin
  if old.topic = 'train' and old.parked_at is null then perform add_to_queue_count('train_message', old.project_id, old.priority, -1); end if;
  if new.topic = 'train' and new.parked_at is null then perform add_to_queue_count('train_message', new.project_id, new.priority, 1); end if;
  return null;
end
$$;
create trigger count_updated_message after update on outbox for each row
  when ((old.topic, old.project_id, old.priority, old.parked_at is null) is distinct from (new.topic, new.project_id, new.priority, new.parked_at is null))
  execute function count_updated_message();

create function count_changed_jobs() returns trigger
language plpgsql as $$
declare
  line record;
begin
  for line in select project_id, priority, count(*)::integer as jobs from changed where status = 'queued' group by project_id, priority loop
    perform add_to_queue_count('queued_job', line.project_id, line.priority, case TG_OP when 'INSERT' then line.jobs else -line.jobs end);
  end loop;
  return null;
end
$$;
create trigger count_new_jobs after insert on training_jobs referencing new table as changed for each statement execute function count_changed_jobs();
create trigger count_removed_jobs after delete on training_jobs referencing old table as changed for each statement execute function count_changed_jobs();

create function count_updated_job() returns trigger
language plpgsql as $$
begin
  if old.status = 'queued' then perform add_to_queue_count('queued_job', old.project_id, old.priority, -1); end if;
  if new.status = 'queued' then perform add_to_queue_count('queued_job', new.project_id, new.priority, 1); end if;
  return null;
end
$$;
create trigger count_updated_job after update on training_jobs for each row
  when ((old.status = 'queued', old.project_id, old.priority) is distinct from (new.status = 'queued', new.project_id, new.priority))
  execute function count_updated_job();

-- Counts everything again: for this migration, and for a database whose rows were changed with triggers turned off.
create function count_queue_again() returns void
language plpgsql as $$
begin
  lock table training_jobs, outbox in share row exclusive mode;
  delete from queue_counts;
  insert into queue_counts (kind, project_id, priority, amount)
  select 'queued_job', project_id, priority, count(*) from training_jobs where status = 'queued' group by project_id, priority
  union all
  select 'train_message', project_id, priority, count(*) from outbox where topic = 'train' and parked_at is null group by project_id, priority;
end
$$;
select count_queue_again();

-- The project's messages that take their turn before this one. Those of the same priority are counted from the nearer end.
create function train_messages_ahead(the_project text, the_priority smallint, the_id bigint) returns bigint
language plpgsql stable as $$
declare
  higher bigint;
  same bigint;
  first_id bigint;
  last_id bigint;
begin
  select
    coalesce(sum(amount) filter (where priority > the_priority), 0), coalesce(sum(amount) filter (where priority = the_priority), 0),
    (select id from outbox where topic = 'train' and project_id = the_project and priority = the_priority order by id limit 1),
    (select id from outbox where topic = 'train' and project_id = the_project and priority = the_priority order by id desc limit 1)
  into higher, same, first_id, last_id
  from queue_counts where kind = 'train_message' and project_id = the_project and priority >= the_priority;
  if the_id - first_id <= last_id - the_id then
    return higher + (
      select count(*) from outbox where topic = 'train' and parked_at is null and project_id = the_project and priority = the_priority and id < the_id
    );
  end if;
  return higher + same - (
    select count(*) from outbox where topic = 'train' and parked_at is null and project_id = the_project and priority = the_priority and id >= the_id
  );
end
$$;

-- Positions of queued jobs, for many jobs at once. Connections keep the plans of these functions, often from a time at which the tables were almost empty:
-- so the functions always use the indexes. How many jobs and messages there are is in queue_counts.
create or replace function training_job_positions(the_jobs text[]) returns table (job_id text, queue_position integer)
language plpgsql stable set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  clock double precision;
  -- Queued jobs that the outbox has released: all those that are queued, less those with a message.
  released bigint;
  line_projects text[];
  line_bases double precision[];
  line_weights double precision[];
  line_turns bigint[];
  stray_starts double precision[] := '{}';
  stray_priorities smallint[] := '{}';
  stray_ids bigint[] := '{}';
  line_base double precision;
  line_weight double precision;
  turn bigint;
  stray record;
  mine record;
  previous_project text;
  previous_priority smallint;
  previous_id bigint;
  own_ahead bigint;
  ahead bigint;
  my_start double precision;
begin
  clock := coalesce((select virtual_time from dispatch_clocks where topic = 'train'), 0);
  select
    coalesce((select sum(amount) from queue_counts where kind = 'queued_job'), 0) - coalesce(sum(line.messages), 0),
    array_agg(line.project_id), array_agg(line.messages),
    array_agg(coalesce(project.share_weight, 1)), array_agg(greatest(coalesce(share.virtual_time, 0), clock))
  into released, line_projects, line_turns, line_weights, line_bases
  from (select project_id, sum(amount) as messages from queue_counts where kind = 'train_message' group by project_id having sum(amount) > 0) line
    left join projects project on project.id = line.project_id
    left join project_shares share on share.topic = 'train' and share.project_id = line.project_id;
  -- Messages of jobs that are no longer queued, added so that the job is rescued: they take turns, but are not queued jobs.
  for stray in select id from training_jobs where status in ('validating', 'running', 'evaluating', 'pausing') loop
    for mine in select id, project_id, priority from outbox where topic = 'train' and key = stray.id and parked_at is null loop
      turn := array_position(line_projects, mine.project_id);
      own_ahead := train_messages_ahead(mine.project_id, mine.priority, mine.id);
      stray_starts := stray_starts || line_bases[turn] + own_ahead / line_weights[turn];
      stray_priorities := stray_priorities || mine.priority;
      stray_ids := stray_ids || mine.id;
      released := released + 1;
    end loop;
  end loop;
  for mine in
    -- The limits make Postgres look up one job after the other instead of reading both tables; the sum keeps it from using the primary key for the order.
    select wanted.id as job, message.* from unnest(the_jobs) wanted(id)
      cross join lateral (select from training_jobs where id = wanted.id and status = 'queued' limit 1) queued
      left join lateral (
        select outbox.id, outbox.project_id, outbox.priority from outbox where topic = 'train' and key = wanted.id and parked_at is null
        order by outbox.id + 0 limit 1
      ) message on true
    order by message.project_id, message.priority desc, message.id
  loop
    job_id := mine.job;
    if mine.id is null then
      -- Released: the older ones are ahead. Those with a message come later, whatever their age.
      queue_position := (
        select count(*) from training_jobs job where status = 'queued' and id < mine.job
          and not exists (select from outbox where topic = 'train' and key = job.id and parked_at is null)
      );
      return next;
      continue;
    end if;
    -- The messages of the same project that are ahead: counted on from the last job where it is of the same project and priority.
    if previous_project = mine.project_id and previous_priority = mine.priority then
      own_ahead := own_ahead + (
        select count(*) from outbox where topic = 'train' and parked_at is null and project_id = mine.project_id and priority = mine.priority
          and id >= previous_id and id < mine.id
      );
    else
      own_ahead := train_messages_ahead(mine.project_id, mine.priority, mine.id);
    end if;
    previous_project := mine.project_id;
    previous_priority := mine.priority;
    previous_id := mine.id;
    turn := array_position(line_projects, mine.project_id);
    my_start := line_bases[turn] + own_ahead / line_weights[turn];
    ahead := own_ahead;
    for line in 1 .. cardinality(line_projects) loop
      continue when line_projects[line] = mine.project_id;
      line_base := line_bases[line];
      line_weight := line_weights[line];
      -- Turns of the other project that begin earlier; the loops only correct rounding.
      turn := least(line_turns[line], greatest(0, ceil((my_start - line_base) * line_weight)))::bigint;
      while turn > 0 and line_base + (turn - 1) / line_weight >= my_start loop turn := turn - 1; end loop;
      while turn < line_turns[line] and line_base + turn / line_weight < my_start loop turn := turn + 1; end loop;
      if turn < line_turns[line] and line_base + turn / line_weight = my_start then
        select turn + case when next_one.priority > mine.priority or (next_one.priority = mine.priority and next_one.id < mine.id) then 1 else 0 end into turn
        from (
          select priority, id from outbox where topic = 'train' and parked_at is null and project_id = line_projects[line]
          order by priority desc, id offset turn limit 1
        ) next_one;
      end if;
      ahead := ahead + turn;
    end loop;
    for number in 1 .. cardinality(stray_ids) loop
      if (stray_starts[number], -stray_priorities[number], stray_ids[number]) < (my_start, -mine.priority, mine.id) then ahead := ahead - 1; end if;
    end loop;
    queue_position := released + ahead;
    return next;
  end loop;
end
$$;

-- Puts new training jobs of a project into the queue: rows, first events and outbox messages of all of them in a few statements, since jobs of one project
-- wait for each other until the commit. Each statement of the function sees what was committed before it, so that the count of queued jobs is exact.
-- outcome: made | exists | dataset_gone | queue_full | watched. `exists`: there is a job with this id already.
-- `watched`: nothing was written for the job, since endpoints listen and its unwatchedOnly is set. queue_position: of a job that was made and has wantsPosition.
drop function queue_training_jobs(text, jsonb, text);
create function queue_training_jobs(owner text, jobs jsonb, channel text)
returns table (outcome text, queue_limit integer, made_at timestamptz, is_watched boolean, queue_position integer)
language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  found_datasets text[];
  room integer;
  existing bigint[];
  made bigint[];
begin
  with found_rows as (
    select id from datasets
    where project_id = owner and id in (select jsonb_array_elements_text(job -> 'datasets') from jsonb_array_elements(jobs) job) order by id for key share
  ) select coalesce(array_agg(id), '{}') into found_datasets from found_rows;
  select coalesce(max_queued_jobs, (jobs -> 0 ->> 'maxQueuedJobs')::integer) into queue_limit from projects where id = owner for no key update;
  is_watched := exists (select from webhooks where project_id = owner and disabled_at is null);
  made_at := now()::timestamptz(3);
  room := case
    when queue_limit is null then jsonb_array_length(jobs)
    else queue_limit - (select coalesce(sum(amount), 0) from queue_counts where kind = 'queued_job' and project_id = owner)
  end;
  existing := array(
    select number from jsonb_array_elements(jobs) with ordinality element(job, number)
      cross join lateral (select from training_jobs where id = job ->> 'id' limit 1) present
  );
  made := array(
    select number from jsonb_array_elements(jobs) with ordinality element(job, number)
    where array(select jsonb_array_elements_text(job -> 'datasets')) <@ found_datasets and not (is_watched and coalesce((job -> 'unwatchedOnly')::boolean, false))
      and number <> all (existing)
    order by number limit greatest(room, 0)
  );
  if cardinality(made) > 0 then
    insert into training_jobs (
      id, project_id, status, method, base_model, config, name, notes, metadata, priority, webhook_url, study_id, variation,
      style_ref_dataset_id, aux_dataset_id, event_count, created_at, updated_at
    ) select
      job ->> 'id', owner, 'queued', job -> 'config' ->> 'method', job -> 'config' ->> 'base_model', job -> 'config', job ->> 'name', coalesce(job ->> 'notes', ''),
      job -> 'metadata', (job -> 'priority')::smallint, job ->> 'webhookUrl', job ->> 'studyId', nullif(job -> 'variation', 'null'),
      job #>> '{config,style_ref,dataset_id}', job #>> '{config,aux,dataset_id}', 1, made_at, made_at
    from jsonb_array_elements(jobs) with ordinality element(job, number) where number = any (made);
    insert into job_events (job_id, sequence, type, data)
    select job ->> 'id', 1, 'job.queued', '{}' from jsonb_array_elements(jobs) with ordinality element(job, number) where number = any (made) order by number;
    insert into outbox (topic, key, payload, project_id, priority)
    select 'train', job ->> 'id', job -> 'message', owner, (job -> 'priority')::smallint
    from jsonb_array_elements(jobs) with ordinality element(job, number) where number = any (made) order by number;
    perform pg_notify(channel, 'train');
  end if;
  for outcome, queue_position in
    select case
      when number = any (made) then 'made'
      when number = any (existing) then 'exists'
      when not array(select jsonb_array_elements_text(job -> 'datasets')) <@ found_datasets then 'dataset_gone'
      when is_watched and coalesce((job -> 'unwatchedOnly')::boolean, false) then 'watched'
      else 'queue_full'
    end, place.queue_position
    from jsonb_array_elements(jobs) with ordinality element(job, number) left join training_job_positions(array(
      select job ->> 'id' from jsonb_array_elements(jobs) with ordinality element(job, number) where number = any (made) and coalesce((job -> 'wantsPosition')::boolean, false)
    )) place on place.job_id = job ->> 'id'
    order by number
  loop
    return next;
  end loop;
end
$$;
