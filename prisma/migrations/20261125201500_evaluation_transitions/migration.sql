-- The same as in packages/contracts/src/statuses.ts; a test holds the two together.
INSERT INTO "status_transitions" ("subject", "from", "to") VALUES
  ('evaluations', 'queued', 'running'),
  ('evaluations', 'queued', 'failed'),
  ('evaluations', 'queued', 'cancelled'),
  ('evaluations', 'running', 'succeeded'),
  ('evaluations', 'running', 'failed'),
  ('evaluations', 'running', 'cancelled');

-- A stage ended before its job did, so that a worker which took the job over had to start it again.
UPDATE "evaluations" SET "status" = 'running', "finished_at" = NULL, "error" = NULL
FROM "training_jobs" job
WHERE job."id" = "evaluations"."training_job_id" AND job."status" = 'evaluating' AND job."result"->>'evaluation_id' = "evaluations"."id" AND "evaluations"."status" <> 'running';

-- And one whose worker died with its job for good stayed as it was.
UPDATE "evaluations" SET "status" = CASE job."status" WHEN 'cancelled' THEN 'cancelled' ELSE 'failed' END, "finished_at" = now(), "error" = job."error"
FROM "training_jobs" job
WHERE job."id" = "evaluations"."training_job_id" AND job."status" <> 'evaluating' AND "evaluations"."status" = 'running';

CREATE TRIGGER evaluations_new_status BEFORE INSERT ON "evaluations" FOR EACH ROW EXECUTE FUNCTION check_status();
CREATE TRIGGER evaluations_status BEFORE UPDATE ON "evaluations" FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION check_status();
