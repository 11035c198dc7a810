-- AlterTable
ALTER TABLE "project_events" ALTER COLUMN "project_id" DROP NOT NULL;

-- An event of the installation is one row for all projects. Each project's numbers must still be committed in their order: events of projects share a lock,
-- which an event of the installation takes alone. It is taken before the project's own lock, and at the commit, as that one is.
CREATE OR REPLACE FUNCTION add_project_event(project TEXT, event_type TEXT, subject TEXT, details JSONB) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(83416208);
  PERFORM pg_advisory_xact_lock(83416207, hashtext(project));
  INSERT INTO "project_events" ("project_id", "type", "subject_id", "data") VALUES (project, event_type, subject, details);
  PERFORM pg_notify('styleforge_project_events', project);
END $$;

CREATE FUNCTION add_installation_event(event_type TEXT, subject TEXT, details JSONB) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(83416208);
  INSERT INTO "project_events" ("project_id", "type", "subject_id", "data") VALUES (NULL, event_type, subject, details);
  PERFORM pg_notify('styleforge_project_events', '');
END $$;

CREATE FUNCTION worker_to_everyone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  state TEXT := worker_state(NEW);
BEGIN
  IF TG_OP = 'UPDATE' AND worker_state(OLD) = state THEN
    RETURN NULL;
  END IF;
  PERFORM add_installation_event('worker.' || state, NEW.id, jsonb_build_object('status', state, 'host', NEW.host, 'device', NEW.device));
  RETURN NULL;
END $$;
DROP TRIGGER workers_to_projects ON "workers";
DROP FUNCTION worker_to_projects();
CREATE CONSTRAINT TRIGGER workers_to_everyone AFTER INSERT OR UPDATE ON "workers" DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION worker_to_everyone();
