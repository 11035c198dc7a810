-- AlterTable
ALTER TABLE "studies" ADD COLUMN     "finished_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "workers" ADD COLUMN     "lost_since" TIMESTAMPTZ(3);

-- Workers belong to the installation: their events are those of every project. The order of the projects is the same everywhere, so that two
-- transactions never wait for each other.
CREATE FUNCTION worker_state(worker "workers") RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN worker.stopped_at IS NOT NULL THEN 'stopped'
    WHEN worker.lost_since = worker.last_seen_at THEN 'lost'
    WHEN worker.stopping_at IS NOT NULL THEN 'stopping'
    WHEN worker.drain_requested_at IS NULL THEN 'online'
    WHEN worker.running = '[]' THEN 'drained'
    ELSE 'draining'
  END
$$;

CREATE FUNCTION worker_to_projects() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  state TEXT := worker_state(NEW);
  project TEXT;
BEGIN
  IF TG_OP = 'UPDATE' AND worker_state(OLD) = state THEN
    RETURN NULL;
  END IF;
  FOR project IN SELECT id FROM "projects" ORDER BY id LOOP
    PERFORM add_project_event(project, 'worker.' || state, NEW.id, jsonb_build_object('status', state, 'host', NEW.host, 'device', NEW.device));
  END LOOP;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER workers_to_projects AFTER INSERT OR UPDATE ON "workers" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION worker_to_projects();

CREATE FUNCTION study_to_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM add_project_event(NEW.project_id, 'study.finished', NEW.id, jsonb_build_object('status', 'finished', 'name', NEW.name));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER studies_to_project AFTER UPDATE ON "studies" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.finished_at IS NOT NULL AND OLD.finished_at IS DISTINCT FROM NEW.finished_at) EXECUTE FUNCTION study_to_project();
