// The service's bodies under names for programs, taken from its OpenAPI document.
import type { components, operations, paths } from './generated/openapi.ts';

type Schemas = components['schemas'];
export type { components, operations, paths };

export type Dataset = Schemas['Dataset'];
export type DatasetDetail = Schemas['DatasetDetail'];
export type DatasetImage = Schemas['DatasetImage'];
export type DatasetCreateParams = Schemas['CreateDatasetRequest'];
export type UploadedFile = Schemas['UploadedFile'];
export type ImageImport = Schemas['ImportImagesRequest']['images'][number];
export type PendingUpload = Schemas['Upload'];
export type UploadResult = Schemas['UploadResponse'];

export type BaseModel = Schemas['BaseModel'];

export type TrainingJob = Schemas['TrainingJob'];
export type TrainingJobStatus = Schemas['TrainingJobStatus'];
export type TrainingProgress = Schemas['TrainingProgress'];
export type TrainingMetric = Schemas['TrainingMetric'];
export type TrainingJobCreateParams = Schemas['CreateTrainingJobRequest'];
export type TrainingEstimate = Schemas['TrainingEstimate'];
export type TrainingPreset = Schemas['TrainingPreset'];
export type PresetParams = NonNullable<paths['/v1/presets']['get']['parameters']['query']>;
export type TrainingJobCheck = Schemas['TrainingJobCheck'];
export type TrainingJobCheckParams = Schemas['CheckTrainingJobRequest'];
export type TrainingJobListParams = NonNullable<paths['/v1/training-jobs']['get']['parameters']['query']>;
export type Checkpoint = Schemas['Checkpoint'];
export type CheckpointFile = Schemas['CheckpointFile'];
export type Feedback = Schemas['Feedback'];
export type FeedbackItem = Schemas['SetFeedbackRequest']['items'][number];
export type ValidationImage = Schemas['ValidationImage'];
export type ValidationImageUpdateParams = Schemas['UpdateValidationImageRequest'];
export type Failure = Schemas['Failure'];

/** An entry of the job's durable log: `job.running`, `checkpoint.saved` and others. */
export type LogEvent = Omit<Schemas['TrainingEvent'], 'type'> & { type: `${string}.${string}` };
/** Sent while the job runs, and not stored. */
export type ProgressEvent = { type: 'progress'; data: TrainingProgress };
export type TrainingJobEvent = LogEvent | ProgressEvent;

/** Annotations of generations, evaluations and checkpoints. */
export type AnnotationParams = Schemas['UpdateAnnotationsRequest'];
export type StudyUpdateParams = Schemas['UpdateNamedRequest'];
export type PromptSetUpdateParams = Schemas['UpdateNotesRequest'];
export type TrainingJobUpdateParams = Schemas['UpdateTrainingJobRequest'];
export type TrainingCurves = Schemas['TrainingCurves'];

export type ListedImage = Schemas['ListedImage'];
export type ListedValidationImage = Schemas['ListedValidationImage'];
export type ListedEvaluationImage = Schemas['ListedEvaluationImage'];
type AnyListedImage = ListedImage | ListedValidationImage | ListedEvaluationImage;
export type ImageKind = AnyListedImage['kind'];
/** An image of this kind in the list across the project. */
export type ListedImageOf<Kind extends ImageKind> = Extract<AnyListedImage, { kind: Kind }>;
export type ImageUpdateParams = Schemas['UpdateImageRequest'];
export type ImageListParams = NonNullable<paths['/v1/images']['get']['parameters']['query']>;
export type Generation = Schemas['Generation'];
export type GenerationSummary = Schemas['GenerationSummary'];
export type GeneratedImage = Schemas['GeneratedImage'];
export type GenerationCreateParams = Schemas['CreateGenerationRequest'];

export type Evaluation = Schemas['Evaluation'];
export type EvaluationProgress = Schemas['EvaluationProgress'];
export type EvaluationCreateParams = Schemas['CreateEvaluationRequest'];
export type EvaluationImage = Schemas['EvaluationImage'];
export type EvaluationVotes = Schemas['EvaluationVotes'];
export type EvaluationVote = Schemas['SetVotesRequest']['votes'][number];
export type VoteTally = Schemas['VoteTally'];
export type Report = Schemas['Report'];
export type ReportModel = Schemas['ReportModel'];
export type ReportMetric = Schemas['ReportMetric'];

export type ReportShare = Schemas['ReportShare'];
export type ReportShareWithUrl = Schemas['ReportShareWithUrl'];
export type ReportShareParams = Schemas['CreateReportShareRequest'];

export type Study = Schemas['Study'];
export type StudyRow = Schemas['StudyRow'];
export type StudyCreateParams = Schemas['CreateStudyRequest'];

export type StudySummary = Schemas['StudySummary'];

export type PromptSet = Schemas['PromptSet'];
export type PromptSetSummary = Schemas['PromptSetSummary'];
export type PromptSetCreateParams = Schemas['CreatePromptSetRequest'];

export type Webhook = Schemas['Webhook'];
export type WebhookWithSecret = Schemas['WebhookWithSecret'];
export type WebhookDelivery = Schemas['WebhookDelivery'];
export type WebhookUpdateParams = Schemas['UpdateWebhookRequest'];
export type WebhookCreateParams = Schemas['CreateWebhookRequest'];

export type ApiKey = Schemas['ApiKey'];
export type CreatedApiKey = Schemas['CreatedApiKey'];
export type ApiKeyCreateParams = Schemas['CreateApiKeyRequest'];

/** The part of JSON Schema that the service's document uses. */
export interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  $ref?: string;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
}
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, unknown>;
  components: { schemas: Record<string, JsonSchema> };
}
/** An event of the project; `id` is absent for `training_job.progress`, which is not stored. */
export type ProjectEvent = Schemas['ProjectEvent'];
export type ProjectProgress = { type: 'training_job.progress'; subject_id: string; data: TrainingProgress & { status: TrainingJobStatus } };
export type ProjectStreamEvent = ProjectEvent | ProjectProgress;
export type CheckpointExport = Schemas['CheckpointExport'];
export type ExportFormat = CheckpointExport['format'];
export type ExtractLoraParams = Schemas['ExtractLoraRequest'];
export type Model = Schemas['Model'];
export type ModelVersion = Schemas['ModelVersion'];
export type ModelProvenance = Schemas['ModelProvenance'];
export type ModelCreateParams = Schemas['CreateModelRequest'];
export type ModelUpdateParams = Schemas['UpdateModelRequest'];
export type ModelVersionCreateParams = Schemas['CreateModelVersionRequest'];
export type Worker = Schemas['Worker'];
export type WorkerStatus = Schemas['WorkerStatus'];
export type WorkerListParams = NonNullable<paths['/v1/workers']['get']['parameters']['query']>;
export type QueueReport = Schemas['QueueReport'];
export type SweepReport = Schemas['SweepReport'];
export type TrainingJobLog = Schemas['TrainingJobLog'];
export type SystemReport = Schemas['SystemReport'];
export type Usage = Schemas['Usage'];
export type UsageReport = Schemas['UsageReport'];
export type Session = Schemas['Session'];
export type Me = Schemas['Me'];

export type Readiness = Schemas['Readiness'];
export type Problem = Schemas['Problem'];
export type FieldError = Schemas['FieldError'];
export type ErrorCode = Problem['code'];
export type PageParams = { limit?: number; after?: string };
