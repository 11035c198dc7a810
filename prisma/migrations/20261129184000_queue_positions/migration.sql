-- Positions of queued jobs, for many jobs at once. Connections keep the plans of these functions, often from a time at which the tables were almost empty:
-- sequential scans, which are right for ten rows, took a hundred times as long with five hundred. So the functions always use the indexes.
create function training_job_positions(the_jobs text[]) returns table (job_id text, queue_position integer)
language plpgsql stable set enable_seqscan = off as $$
declare
  clock double precision;
  -- Queued jobs that the outbox has released: all those that are queued, less those with a message.
  released bigint;
  line_projects text[] := '{}';
  line_bases double precision[] := '{}';
  line_weights double precision[] := '{}';
  line_turns bigint[] := '{}';
  stray_starts double precision[] := '{}';
  stray_priorities smallint[] := '{}';
  stray_ids bigint[] := '{}';
  line_project text := '';
  line_base double precision;
  line_weight double precision;
  message_count bigint;
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
  select coalesce((select virtual_time from dispatch_clocks where topic = 'train'), 0), (select count(*) from training_jobs where status = 'queued')
  into clock, released;
  loop
    select next.project_id, coalesce(project.share_weight, 1), greatest(coalesce(share.virtual_time, 0), clock),
      (select count(*) from outbox where topic = 'train' and parked_at is null and project_id = next.project_id)
    into line_project, line_weight, line_base, message_count
    from (select project_id from outbox where topic = 'train' and parked_at is null and project_id > line_project order by project_id limit 1) next
      left join projects project on project.id = next.project_id
      left join project_shares share on share.topic = 'train' and share.project_id = next.project_id;
    exit when line_project is null;
    line_projects := line_projects || line_project;
    line_bases := line_bases || line_base;
    line_weights := line_weights || line_weight;
    line_turns := line_turns || message_count;
    released := released - message_count;
  end loop;
  -- Messages of jobs that are no longer queued, added so that the job is rescued: they take turns, but are not queued jobs.
  for stray in select id from training_jobs where status in ('validating', 'running', 'evaluating', 'pausing') loop
    for mine in select id, project_id, priority from outbox where topic = 'train' and key = stray.id and parked_at is null loop
      turn := array_position(line_projects, mine.project_id);
      own_ahead := (
        select count(*) from outbox where topic = 'train' and parked_at is null and project_id = mine.project_id and priority > mine.priority
      ) + (
        select count(*) from outbox
        where topic = 'train' and parked_at is null and project_id = mine.project_id and priority = mine.priority and id < mine.id
      );
      stray_starts := stray_starts || line_bases[turn] + own_ahead / line_weights[turn];
      stray_priorities := stray_priorities || mine.priority;
      stray_ids := stray_ids || mine.id;
      released := released + 1;
    end loop;
  end loop;
  for mine in
    select wanted.id as job, message.* from unnest(the_jobs) wanted(id) left join lateral (
      select outbox.id, outbox.project_id, outbox.priority from outbox where topic = 'train' and key = wanted.id and parked_at is null order by outbox.id limit 1
    ) message on true
    where exists (select from training_jobs queued where queued.id = wanted.id and queued.status = 'queued')
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
      own_ahead := (
        select count(*) from outbox where topic = 'train' and parked_at is null and project_id = mine.project_id and priority > mine.priority
      ) + (
        select count(*) from outbox
        where topic = 'train' and parked_at is null and project_id = mine.project_id and priority = mine.priority and id < mine.id
      );
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

-- The older name, which a version that runs beside this one calls; null for a job that is not queued.
create or replace function training_job_position(the_job text) returns integer
language sql stable as $$ select queue_position from training_job_positions(array[the_job]) $$;

-- Puts new training jobs of a project into the queue: rows, first events and outbox messages of all of them in a few statements, since jobs of one project
-- wait for each other until the commit. Each statement of the function sees what was committed before it, so that the count of queued jobs is exact.
-- outcome: made | dataset_gone | queue_full | watched. `watched`: nothing was written for the job, since endpoints listen and its unwatchedOnly is set.
create function queue_training_jobs(owner text, jobs jsonb, channel text) returns table (outcome text, queue_limit integer, made_at timestamptz, is_watched boolean)
language plpgsql set enable_seqscan = off as $$
declare
  found_datasets text[];
  room integer;
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
    else queue_limit - (select count(*) from training_jobs where project_id = owner and status = 'queued')
  end;
  made := array(
    select number from jsonb_array_elements(jobs) with ordinality element(job, number)
    where array(select jsonb_array_elements_text(job -> 'datasets')) <@ found_datasets and not (is_watched and (job -> 'unwatchedOnly')::boolean)
    order by number limit greatest(room, 0)
  );
  insert into training_jobs (
    id, project_id, status, method, base_model, config, metadata, priority, webhook_url, study_id, variation,
    style_ref_dataset_id, aux_dataset_id, event_count, created_at, updated_at
  ) select
    job ->> 'id', owner, 'queued', job -> 'config' ->> 'method', job -> 'config' ->> 'base_model', job -> 'config', job -> 'metadata',
    (job -> 'priority')::smallint, job ->> 'webhookUrl', job ->> 'studyId', nullif(job -> 'variation', 'null'),
    job #>> '{config,style_ref,dataset_id}', job #>> '{config,aux,dataset_id}', 1, made_at, made_at
  from jsonb_array_elements(jobs) with ordinality element(job, number) where number = any (made);
  insert into job_events (job_id, sequence, type, data)
  select job ->> 'id', 1, 'job.queued', '{}' from jsonb_array_elements(jobs) with ordinality element(job, number) where number = any (made) order by number;
  insert into outbox (topic, key, payload, project_id, priority)
  select 'train', job ->> 'id', job -> 'message', owner, (job -> 'priority')::smallint
  from jsonb_array_elements(jobs) with ordinality element(job, number) where number = any (made) order by number;
  if cardinality(made) > 0 then perform pg_notify(channel, 'train'); end if;
  for outcome in
    select case
      when number = any (made) then 'made'
      when not array(select jsonb_array_elements_text(job -> 'datasets')) <@ found_datasets then 'dataset_gone'
      when is_watched and (job -> 'unwatchedOnly')::boolean then 'watched'
      else 'queue_full'
    end from jsonb_array_elements(jobs) with ordinality element(job, number) order by number
  loop
    return next;
  end loop;
end
$$;

-- The function for one job, which a version that runs beside this one calls.
alter function queue_training_job set enable_seqscan = off;
