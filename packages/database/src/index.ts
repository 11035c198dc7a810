// The database: migrations, and one repository per aggregate.
export { createDatabase } from './create-database.ts';
export type { Database, DatabaseOptions } from './create-database.ts';
export { isDatabaseAway } from './database-away.ts';
export { BudgetError, QueueFullError, StaleAttemptError, StatusConflictError } from './errors.ts';
export type { Listener } from './listen.ts';
export { diffSchemas } from './migrations/diff-schemas.ts';
export { migrate } from './migrations/migrate.ts';
export { listMigrations, migrationsDirectory, readMigratedSchema, schemaFile } from './migrations/migration-files.ts';
export { newId } from './new-id.ts';
export { checkDatabase } from './open-client.ts';
export type { ApiKeyIdentity, ApiKeyRow, NewApiKey } from './repositories/api-keys.ts';
export type { CheckpointRow, NewCheckpoint, StoredFile } from './repositories/checkpoints.ts';
export type { ComponentCount, DatasetDeletion, DatasetRow, DatasetSummary } from './repositories/datasets.ts';
export type { Deletion, JobDeletion } from './repositories/deletions.ts';
export type { EvaluationChange, EvaluationImageRow, EvaluationRow, NewEvaluation as NewEvaluationRow } from './repositories/evaluations.ts';
export type { EventData, JobEventRow } from './repositories/events.ts';
export type {
  GeneratedImageFilter,
  GeneratedImageRow,
  GenerationDetail,
  GenerationModel,
  GenerationRow,
  GenerationSummaryRow,
  ListedImageRow,
  NewGeneratedImage,
  NewGeneration,
} from './repositories/generations.ts';
export type { IdempotencyDecision, IdempotencyLock, StoredResponse } from './repositories/idempotency-keys.ts';
export type { ImageChange, ImageRow, NewImage } from './repositories/images.ts';
export { type HeldRow, type LeasedTable, MOST_SETBACKS } from './repositories/leases.ts';
export type { UnheldWork, WorkTopic } from './repositories/stranded.ts';
export type { CurveBucket, MetricPoint } from './repositories/metrics.ts';
export type { ExportRow, MadeExport, WantedExport } from './repositories/exports.ts';
export type { ModelChange, ModelCover, ModelRow, ModelVersionRow, NewModelVersion, UploadedFile } from './repositories/models.ts';
export type { Backlog, StatusCount } from './repositories/operations.ts';
export { OUTBOX_CHANNEL } from './repositories/outbox.ts';
export type { OutboxMessage, Release } from './repositories/outbox.ts';
export { JOB_CHANNEL, PROJECT_EVENTS_CHANNEL } from './repositories/project-events.ts';
export type { EventTypes, ProjectEventRow } from './repositories/project-events.ts';
export type { NewPromptSet, PromptSetRow, PromptSetSummaryRow } from './repositories/prompt-sets.ts';
export type { RowPage } from './repositories/page.ts';
export type { NewTrainingJob } from './repositories/training-job-creation.ts';
export type { PauseOutcome, ResumeOutcome } from './repositories/training-job-pause.ts';
export type { JobRequest, JobRequestOutcome } from './repositories/training-job-requests.ts';
export type { TrainingJobRow } from './repositories/training-job-row.ts';
export { wishesOf } from './repositories/training-jobs.ts';
export type { NewSession, SessionIdentity } from './repositories/sessions.ts';
export type { NewStudy, StudyProgress, StudyRecord } from './repositories/studies.ts';
export type { ValidationImageRow } from './repositories/validation-images.ts';
export type { JobAnnotation, JobFilter, JobWishes, StatusChange, StopWish } from './repositories/training-jobs.ts';
export type { AttemptFailure, DeliveryAttempt, NewWebhook, WebhookDeliveryRow, WebhookRow } from './repositories/webhooks.ts';
export type { ExpectedRow } from './repositories/expected-objects.ts';
export type { InstallationRow } from './repositories/installation.ts';
export type { Expired } from './repositories/retention.ts';
export type { DailyUsage, UsageAmounts, UsageKind, UsageSubject, UsageSum } from './repositories/usage.ts';
export type { RunningJob, WorkerFacts, WorkerRow } from './repositories/workers.ts';
