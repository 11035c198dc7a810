-- Jobs that were made before ran to their last step.
UPDATE "training_jobs" SET "config" = '{"early_stopping": null}'::jsonb || "config";
