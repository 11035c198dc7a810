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
export type { PendingUploadRow } from './repositories/datasets/pending-uploads.ts';
export { checkDatabase, openClient } from './open-client.ts';
export type { ApiKeyIdentity, ApiKeyRow, NewApiKey } from './repositories/access/api-keys.ts';
export type { CheckpointRow, NewCheckpoint, StoredFile } from './repositories/models/checkpoints.ts';
export type { ComponentCount, DatasetDeletion, DatasetRow, DatasetSummary, TrainingDataset } from './repositories/datasets/datasets.ts';
export type { Deletion, JobDeletion } from './repositories/cleanup/deletions.ts';
export type {
  EvaluationChange,
  EvaluationImageRow,
  EvaluationRow,
  NewEvaluation as NewEvaluationRow,
} from './repositories/evaluations/evaluations.ts';
export type { VoteRow } from './repositories/evaluations/evaluation-votes.ts';
export type { EventData, JobEventRow } from './repositories/training-jobs/events.ts';
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
} from './repositories/generations/generations.ts';
export type { IdempotencyDecision, IdempotencyLock, StoredResponse } from './repositories/access/idempotency-keys.ts';
export type { ImageChange, ImageMask, ImageRow, NewImage } from './repositories/datasets/images.ts';
export { type HeldRow, type LeasedTable, MOST_SETBACKS } from './repositories/work/leases.ts';
export type { UnheldWork, WorkTopic } from './repositories/work/stranded.ts';
export type { CurveBucket, MetricPoint } from './repositories/training-jobs/metrics.ts';
export type { ExportRow, MadeExport, WantedExport } from './repositories/models/exports.ts';
export type { ModelChange, ModelCover, ModelRow, ModelVersionRow, NewModelVersion, UploadedFile } from './repositories/models/models.ts';
export type { Backlog, StatusCount } from './repositories/installation/operations.ts';
export type {
  ImagePlace,
  ListedEvaluationImageRow,
  ListedImageFilter,
  ListedValidationImageRow,
} from './repositories/common/listed-images.ts';
export { OUTBOX_CHANNEL } from './repositories/work/outbox.ts';
export type { OutboxMessage, Release } from './repositories/work/outbox.ts';
export { API_KEY_CHANNEL } from './presence.ts';
export { JOB_CHANNEL, PROJECT_EVENTS_CHANNEL } from './repositories/common/project-events.ts';
export type { EventTypes, ProjectEventRow } from './repositories/common/project-events.ts';
export type { NewPromptSet, PromptSetRow, PromptSetSummaryRow } from './repositories/evaluations/prompt-sets.ts';
export type { RowPage } from './repositories/common/page.ts';
export type { NewTrainingJob, QueuedTrainingJob } from './repositories/training-jobs/training-job-creation.ts';
export type { PauseOutcome, ResumeOutcome } from './repositories/training-jobs/training-job-pause.ts';
export type { JobRequest, JobRequestOutcome } from './repositories/training-jobs/training-job-requests.ts';
export type { PolledJob } from './repositories/training-jobs/training-job-polls.ts';
export type { TrainingJobRow } from './repositories/training-jobs/training-job-row.ts';
export { wishesOf } from './repositories/training-jobs/training-jobs.ts';
export type { ReportShareRow } from './repositories/evaluations/report-shares.ts';
export type { NewSession, SessionIdentity } from './repositories/access/sessions.ts';
export type { NewStudy, StudyProgress, StudyRecord } from './repositories/training-jobs/studies.ts';
export type { ValidationImageRow } from './repositories/training-jobs/validation-images.ts';
export type { JobAnnotation, JobFilter, JobWishes, StatusChange, StopWish } from './repositories/training-jobs/training-jobs.ts';
export type {
  AttemptFailure,
  DeliveryAttempt,
  DeliveryResponse,
  NewWebhook,
  WebhookDeliveryRow,
  WebhookRow,
} from './repositories/webhooks/webhooks.ts';
export type { ExpectedRow } from './repositories/cleanup/expected-objects.ts';
export type { WorkTotals } from './repositories/installation/measurements.ts';
export type { InstallationRow } from './repositories/installation/installation.ts';
export type { Expired } from './repositories/cleanup/retention.ts';
export type { DailyUsage, UsageAmounts, UsageKind, UsageSubject, UsageSum } from './repositories/installation/usage.ts';
export { JOB_LOG_LENGTH } from './repositories/training-jobs/job-logs.ts';
export type { CardReading, RunningJob, WorkerFacts, WorkerRow, WorkerState } from './repositories/work/workers.ts';
