-- The two statements that callers send most: a submission and a status poll. Each is one round trip.

-- Puts a new training job into the queue: its row, its first event and its outbox message. One job of a project after the other, until the commit,
-- so that the count of queued jobs is exact; each statement of the function sees what was committed before it, which one large statement would not.
-- outcome: made | dataset_gone | queue_full | watched. `watched`: nothing was written, since endpoints want to hear of it and unwatched_only was set.
create function queue_training_job(
  new_id text, owner text, new_config jsonb, new_metadata jsonb, new_priority smallint, new_webhook_url text, new_study_id text, new_variation jsonb,
  dataset_ids text[], default_limit integer, new_payload jsonb, channel text, unwatched_only boolean
) returns table (outcome text, queue_limit integer, made_at timestamptz, is_watched boolean)
language plpgsql as $$
declare
  found_datasets integer;
begin
  with found_rows as (
    select id from datasets where id = any (dataset_ids) and project_id = owner order by id for key share
  ) select count(*) into found_datasets from found_rows;
  select coalesce(max_queued_jobs, default_limit) into queue_limit from projects where id = owner for no key update;
  if found_datasets <> cardinality(dataset_ids) then
    outcome := 'dataset_gone';
    return next;
    return;
  end if;
  is_watched := exists (select from webhooks where project_id = owner and disabled_at is null);
  if is_watched and unwatched_only then
    outcome := 'watched';
    return next;
    return;
  end if;
  if queue_limit is not null and (select count(*) from training_jobs where project_id = owner and status = 'queued') >= queue_limit then
    outcome := 'queue_full';
    return next;
    return;
  end if;
  insert into training_jobs (
    id, project_id, status, method, base_model, config, metadata, priority, webhook_url, study_id, variation,
    style_ref_dataset_id, aux_dataset_id, event_count, updated_at
  ) values (
    new_id, owner, 'queued', new_config ->> 'method', new_config ->> 'base_model', new_config, new_metadata, new_priority, new_webhook_url, new_study_id, new_variation,
    new_config #>> '{style_ref,dataset_id}', new_config #>> '{aux,dataset_id}', 1, now()
  ) returning created_at into made_at;
  insert into job_events (job_id, sequence, type, data) values (new_id, 1, 'job.queued', '{}');
  insert into outbox (topic, key, payload, project_id, priority) values ('train', new_id, new_payload, owner, new_priority);
  perform pg_notify(channel, 'train');
  outcome := 'made';
  return next;
end
$$;

-- The number of queued jobs ahead of a queued job: first those that the outbox has released to the queue, by age, then those in the outbox, in the order
-- of their turns (docs/decisions/0008). The same as lining all of them up, without reading more than indexes: the turns of a project are counted, not made.
create function training_job_position(the_job text) returns integer
language plpgsql stable as $$
declare
  mine record;
  line record;
  stray record;
  waiting bigint;
  ahead bigint;
  turn bigint;
  my_start double precision;
begin
  select message.id, message.project_id, message.priority,
    greatest(coalesce(share.virtual_time, 0), coalesce(clock.virtual_time, 0)) as base, coalesce(project.share_weight, 1) as weight
  into mine
  from outbox message
    left join project_shares share on share.topic = message.topic and share.project_id = message.project_id
    left join dispatch_clocks clock on clock.topic = message.topic
    left join projects project on project.id = message.project_id
  where message.topic = 'train' and message.key = the_job and message.parked_at is null
  order by message.id limit 1;
  if not found then
    return (
      select count(*) from training_jobs job where status = 'queued' and id < the_job
        and not exists (select from outbox where topic = 'train' and key = job.id and parked_at is null)
    );
  end if;
  select count(*), count(*) filter (where priority > mine.priority or (priority = mine.priority and id < mine.id)) into waiting, ahead
  from outbox where topic = 'train' and parked_at is null and project_id = mine.project_id;
  my_start := mine.base + ahead / mine.weight;
  for line in
    with recursive other as (
      (select project_id from outbox where topic = 'train' and parked_at is null order by project_id limit 1)
      union all
      select (select project_id from outbox where topic = 'train' and parked_at is null and project_id > other.project_id order by project_id limit 1)
      from other where other.project_id is not null
    )
    select other.project_id, greatest(coalesce(share.virtual_time, 0), coalesce(clock.virtual_time, 0)) as base, coalesce(project.share_weight, 1) as weight,
      (select count(*) from outbox where topic = 'train' and parked_at is null and project_id = other.project_id) as turns
    from other
      left join project_shares share on share.topic = 'train' and share.project_id = other.project_id
      left join dispatch_clocks clock on clock.topic = 'train'
      left join projects project on project.id = other.project_id
    where other.project_id <> mine.project_id
  loop
    waiting := waiting + line.turns;
    -- Its turns that begin earlier; the loops only correct what rounding has done.
    turn := least(line.turns, greatest(0, ceil((my_start - line.base) * line.weight)))::bigint;
    while turn > 0 and line.base + (turn - 1) / line.weight >= my_start loop turn := turn - 1; end loop;
    while turn < line.turns and line.base + turn / line.weight < my_start loop turn := turn + 1; end loop;
    if turn < line.turns and line.base + turn / line.weight = my_start then
      select turn + case when next_one.priority > mine.priority or (next_one.priority = mine.priority and next_one.id < mine.id) then 1 else 0 end into turn
      from (
        select priority, id from outbox where topic = 'train' and parked_at is null and project_id = line.project_id
        order by priority desc, id offset turn limit 1
      ) next_one;
    end if;
    ahead := ahead + turn;
  end loop;
  -- Messages of jobs that are no longer queued, put there to be rescued: they take turns, and are no queued jobs.
  for stray in
    select message.id, message.priority,
      greatest(coalesce(share.virtual_time, 0), coalesce(clock.virtual_time, 0)) + (
        select count(*) from outbox earlier where earlier.topic = 'train' and earlier.parked_at is null and earlier.project_id = message.project_id
          and (earlier.priority > message.priority or (earlier.priority = message.priority and earlier.id < message.id))
      ) / coalesce(project.share_weight, 1) as start
    from training_jobs job
      join outbox message on message.topic = 'train' and message.key = job.id and message.parked_at is null
      left join project_shares share on share.topic = message.topic and share.project_id = message.project_id
      left join dispatch_clocks clock on clock.topic = message.topic
      left join projects project on project.id = message.project_id
    where job.status in ('validating', 'running', 'evaluating', 'pausing')
  loop
    waiting := waiting - 1;
    if (stray.start, -stray.priority, stray.id) < (my_start, -mine.priority, mine.id) then ahead := ahead - 1; end if;
  end loop;
  return (select count(*) from training_jobs where status = 'queued') - waiting + ahead;
end
$$;
