-- CreateTable
CREATE TABLE "project_events" (
    "id" BIGSERIAL NOT NULL,
    "project_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "project_events_project_id_id_idx" ON "project_events"("project_id", "id");

-- CreateIndex
CREATE INDEX "project_events_created_at_idx" ON "project_events"("created_at");

-- AddForeignKey
ALTER TABLE "project_events" ADD CONSTRAINT "project_events_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The project's stream of events. Its triggers run at the commit, when the transaction holds every row lock that it will need: then one project's
-- transactions take their numbers in turn, so that a smaller number is never committed after a larger one and a reader that has seen n has seen all before it.
CREATE FUNCTION add_project_event(project TEXT, event_type TEXT, subject TEXT, details JSONB) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(83416207, hashtext(project));
  INSERT INTO "project_events" ("project_id", "type", "subject_id", "data") VALUES (project, event_type, subject, details);
  PERFORM pg_notify('styleforge_project_events', project);
END $$;

CREATE FUNCTION job_event_to_project() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  project TEXT;
BEGIN
  SELECT project_id INTO project FROM "training_jobs" WHERE id = NEW.job_id;
  IF project IS NOT NULL THEN
    PERFORM add_project_event(project, regexp_replace(NEW.type, '^job\.', 'training_job.'), NEW.job_id, jsonb_build_object('sequence', NEW.sequence) || NEW.data);
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER job_events_to_project AFTER INSERT ON "job_events" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION job_event_to_project();

-- For tables whose rows have a project and a status; the argument is the first half of the event's type.
CREATE FUNCTION status_to_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM add_project_event(NEW.project_id, TG_ARGV[0] || '.' || NEW.status, NEW.id, jsonb_build_object('status', NEW.status));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER generations_new_to_project AFTER INSERT ON "generations" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION status_to_project('generation');
CREATE CONSTRAINT TRIGGER generations_to_project AFTER UPDATE ON "generations" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION status_to_project('generation');
CREATE CONSTRAINT TRIGGER evaluations_new_to_project AFTER INSERT ON "evaluations" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION status_to_project('evaluation');
CREATE CONSTRAINT TRIGGER evaluations_to_project AFTER UPDATE ON "evaluations" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION status_to_project('evaluation');

CREATE FUNCTION generated_image_to_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM add_project_event(NEW.project_id, 'generation.image', NEW.generation_id, jsonb_build_object('image_id', NEW.id, 'index', NEW.index));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER generated_images_to_project AFTER INSERT ON "generated_images" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION generated_image_to_project();
