-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "max_queued_jobs" INTEGER,
ADD COLUMN     "max_running_jobs" INTEGER,
ADD COLUMN     "share_weight" DOUBLE PRECISION NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "training_jobs" ADD COLUMN     "priority" SMALLINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "outbox" DROP COLUMN "attempts",
ADD COLUMN     "parked_at" TIMESTAMPTZ(3),
ADD COLUMN     "parked_reason" TEXT,
ADD COLUMN     "priority" SMALLINT NOT NULL DEFAULT 0,
ADD COLUMN     "project_id" TEXT;

-- Messages that wait while this migration runs belong to the project of the row that they are about.
UPDATE "outbox" SET "project_id" = coalesce(
  (SELECT "project_id" FROM "training_jobs" WHERE "id" = "key"),
  (SELECT "project_id" FROM "generations" WHERE "id" = "key"),
  ''
);
ALTER TABLE "outbox" ALTER COLUMN "project_id" SET NOT NULL;

-- CreateTable
CREATE TABLE "project_shares" (
    "topic" TEXT NOT NULL,
    "project_id" TEXT NOT NULL,
    "virtual_time" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "project_shares_pkey" PRIMARY KEY ("topic","project_id")
);

-- CreateTable
CREATE TABLE "dispatch_clocks" (
    "topic" TEXT NOT NULL,
    "virtual_time" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "dispatch_clocks_pkey" PRIMARY KEY ("topic")
);

-- CreateTable
CREATE TABLE "status_transitions" (
    "subject" TEXT NOT NULL,
    "from" TEXT NOT NULL,
    "to" TEXT NOT NULL,

    CONSTRAINT "status_transitions_pkey" PRIMARY KEY ("subject","from","to")
);

-- CreateIndex
CREATE INDEX "outbox_topic_key_idx" ON "outbox"("topic", "key");

-- The same as in packages/contracts/src/statuses.ts; a test holds the two together.
INSERT INTO "status_transitions" ("subject", "from", "to") VALUES
  ('training_jobs', 'queued', 'validating'),
  ('training_jobs', 'queued', 'paused'),
  ('training_jobs', 'queued', 'failed'),
  ('training_jobs', 'queued', 'cancelled'),
  ('training_jobs', 'validating', 'running'),
  ('training_jobs', 'validating', 'pausing'),
  ('training_jobs', 'validating', 'failed'),
  ('training_jobs', 'validating', 'cancelled'),
  ('training_jobs', 'running', 'evaluating'),
  ('training_jobs', 'running', 'pausing'),
  ('training_jobs', 'running', 'succeeded'),
  ('training_jobs', 'running', 'failed'),
  ('training_jobs', 'running', 'cancelled'),
  ('training_jobs', 'evaluating', 'succeeded'),
  ('training_jobs', 'evaluating', 'failed'),
  ('training_jobs', 'evaluating', 'cancelled'),
  ('training_jobs', 'pausing', 'paused'),
  ('training_jobs', 'pausing', 'evaluating'),
  ('training_jobs', 'pausing', 'succeeded'),
  ('training_jobs', 'pausing', 'failed'),
  ('training_jobs', 'pausing', 'cancelled'),
  ('training_jobs', 'paused', 'queued'),
  ('training_jobs', 'paused', 'cancelled'),
  ('training_jobs', 'succeeded', 'queued'),
  ('training_jobs', 'failed', 'queued'),
  ('training_jobs', 'cancelled', 'queued'),
  ('generations', 'queued', 'running'),
  ('generations', 'queued', 'failed'),
  ('generations', 'queued', 'cancelled'),
  ('generations', 'running', 'succeeded'),
  ('generations', 'running', 'failed'),
  ('generations', 'running', 'cancelled');

-- The last line: whatever a program does, a status changes only as the table allows. Every change wakes the publishers of the outbox.
CREATE FUNCTION check_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'queued' THEN
      RAISE EXCEPTION '% %: a new row is queued, not %', TG_TABLE_NAME, NEW.id, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM status_transitions t WHERE t.subject = TG_TABLE_NAME AND t."from" = OLD.status AND t."to" = NEW.status) THEN
    RAISE EXCEPTION '% %: the status never goes from % to %', TG_TABLE_NAME, NEW.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  PERFORM pg_notify('styleforge_outbox', TG_TABLE_NAME);
  RETURN NEW;
END $$;

CREATE TRIGGER training_jobs_new_status BEFORE INSERT ON "training_jobs" FOR EACH ROW EXECUTE FUNCTION check_status();
CREATE TRIGGER training_jobs_status BEFORE UPDATE ON "training_jobs" FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION check_status();
CREATE TRIGGER generations_new_status BEFORE INSERT ON "generations" FOR EACH ROW EXECUTE FUNCTION check_status();
CREATE TRIGGER generations_status BEFORE UPDATE ON "generations" FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION check_status();

-- Wakes those who follow a job's events or progress, in whatever process.
CREATE FUNCTION notify_job_followers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('styleforge_job_events', NEW.id);
  RETURN NULL;
END $$;

CREATE TRIGGER training_jobs_followers AFTER UPDATE ON "training_jobs" FOR EACH ROW
  WHEN (OLD.event_count IS DISTINCT FROM NEW.event_count OR OLD.progress IS DISTINCT FROM NEW.progress) EXECUTE FUNCTION notify_job_followers();
