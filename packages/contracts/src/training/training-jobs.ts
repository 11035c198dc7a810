// A training job in the API's responses: status, progress, events, loss curves, checkpoints.
import { z } from 'zod';
import { annotationFields, metadata } from '../common/annotations.ts';
import { requiredText } from '../common/text.ts';
import { failure } from '../common/errors.ts';
import { evaluationProgress } from '../evaluations/evaluations.ts';
import { hyperparameters } from './hyperparameters.ts';
import { checkpointId, evaluationId, generationId, idList, trainingJobId } from '../common/ids.ts';
import { jobEstimate } from './job-costs.ts';
import { missingObject, pageOf, pageQuery, stepCursor, stepPageQuery, timestamp } from '../common/pages.ts';
import { jobPriority, jobStatus } from '../common/statuses.ts';
import { THUMBNAIL } from '../datasets/thumbnails.ts';
import { JOB_WEBHOOK_EVENTS } from '../events/webhooks.ts';
import { trainingConfig } from './training-config.ts';
import { TRAINING_METHODS } from './methods.ts';
import { promptTemplate } from './style-words.ts';
import { downloadFormat } from '../models/exports.ts';
import { usageAmounts } from '../machines/usage.ts';

const jobProgress = z.object({
  step: z.int(),
  of: z.int(),
  loss: z.number().nullable(),
  style_ref_loss: z.number().nullable(),
  aux_loss: z.number().nullable(),
  grad_norm: z.number().nullable(),
  learning_rate: z.number().nullable(),
  samples_per_second: z.number().nullable(),
  eta_seconds: z
    .number()
    .nullable()
    .describe(
      'Estimated time until the last step, at the pace of the last half minute or of the last step; null before the ' +
        'second step and while the job is not running',
    ),
  evaluation: evaluationProgress.optional().describe('Progress of the evaluation stage, once the training has ended'),
});
/** Progress as the worker measures it and the row stores it. */
export type JobProgress = z.infer<typeof jobProgress>;

const trainingProgress = jobProgress
  .extend({ queue_position: z.int().nullable().describe('Number of queued jobs ahead; null once the job has left the queue') })
  .meta({ id: 'TrainingProgress' });
export type TrainingProgressBody = z.infer<typeof trainingProgress>;

export const jobHeartbeat = z
  .object({
    host: z.string().describe('Name of the machine'),
    pid: z.int().describe('Process id of the worker on that machine'),
    device: z.string().describe('The device the job trains on: `cpu`, `webgpu` or `cuda`'),
    at: timestamp,
    durable_step: z.int().nullable().describe('Step of the last saved checkpoint, from which the job continues if its worker dies'),
  })
  .meta({ id: 'JobHeartbeat' });
export type JobHeartbeat = z.infer<typeof jobHeartbeat>;

const jobResult = z
  .object({
    final_step: z.int(),
    checkpoint_id: checkpointId.describe(
      'With early stopping the best checkpoint, otherwise the last one. A cancelled job that has saved a checkpoint has a result, too',
    ),
    evaluation_id: evaluationId.optional().describe('The evaluation that the job ran as its last stage'),
    candidates: z
      .object({ generation_id: generationId })
      .optional()
      .describe('styledrop: the generation of the candidates, which `GET /v1/training-jobs/{id}/feedback` shows'),
    best: z
      .object({ step: z.int(), metric: z.string(), value: z.number() })
      .optional()
      .describe('With early stopping: the validation with the best score'),
    early_stopping: z
      .object({
        metric: z.string().describe('Name of the metric with its extractor: `kid@mini-clip`'),
        stopped: z.boolean().describe('Whether the training ended before max_train_steps'),
        curve: z.array(z.object({ step: z.int(), value: z.number() })).describe('Score of each validation; step 0 is the base model'),
      })
      .optional(),
  })
  .meta({ id: 'TrainingResult' });
export type JobResult = z.infer<typeof jobResult>;

export const trainingJobCheck = z
  .object({
    hyperparameters: hyperparameters.describe('The settings with all defaults resolved'),
    validation: trainingConfig.shape.validation.describe('Sample images during the training; null: none'),
    early_stopping: trainingConfig.shape.early_stopping.describe('Settings of early stopping; null: all steps are trained'),
    estimate: jobEstimate.describe('Time, memory and disk, from earlier jobs of this installation'),
  })
  .meta({ id: 'TrainingJobCheck', description: 'The settings as a job would resolve them, and what it would cost' });

export const trainingJob = z
  .object({
    id: trainingJobId,
    status: jobStatus,
    name: z.string().nullable().describe('The name it was given; else, for a job of a study, that of its variation'),
    notes: z.string(),
    starred: z.boolean(),
    method: z.enum(TRAINING_METHODS),
    base_model: z.string(),
    config: trainingConfig,
    prompt_templates: z
      .array(promptTemplate)
      .describe(
        'Templates of prompts in the trained style, such as `a photo of zwx style, {prompt}`: the first for all components together, then one for each component if there are several',
      ),
    metadata: z.record(z.string(), z.string()),
    priority: jobPriority,
    progress: trainingProgress,
    heartbeat: jobHeartbeat.nullable().describe('State of the worker that runs or last ran the job; written every ten seconds'),
    attempt: z.int().describe('Number of times a worker has claimed the job'),
    cancel_requested: z.boolean(),
    checkpoint_requested_at: timestamp.nullable().describe('When a checkpoint was requested; null once it is saved'),
    sample_requested_at: timestamp.nullable().describe('When sample images were requested; null once they are made'),
    estimate: jobEstimate
      .optional()
      .describe('Time, memory and disk, from earlier jobs of this installation; only in the response that creates the job'),
    webhook_url: z.string().nullable(),
    webhook_events: z.array(z.enum(JOB_WEBHOOK_EVENTS)).describe('The events that are sent to webhook_url; empty: all'),
    result: jobResult.nullable(),
    error: failure.nullable(),
    usage: usageAmounts.describe('Usage so far, including the evaluation stage; a few seconds old while the job runs'),
    created_at: timestamp,
    updated_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: 'TrainingJob' });
export type TrainingJobBody = z.infer<typeof trainingJob>;

export const updateTrainingJobRequest = z
  .strictObject({
    name: requiredText(200).nullable().optional().describe('null removes the name'),
    notes: z.string().max(10_000).optional(),
    metadata: metadata.optional().describe('Replaces all existing pairs'),
    starred: z.boolean().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field')
  .meta({
    minProperties: 1,
    id: 'UpdateTrainingJobRequest',
    examples: [{ name: 'ink, 400 steps', notes: 'the best so far', starred: true }],
  });

export const trainingJobPage = pageOf(trainingJob, 'TrainingJobPage');

const metadataPair = z.string().regex(/^[^:]{1,64}:.{0,512}$/s, 'must be a key, a colon and a value');

export const trainingJobQuery = pageQuery(trainingJobId).extend({
  status: jobStatus.optional(),
  method: z.enum(TRAINING_METHODS).optional(),
  base_model: z.string().optional(),
  metadata: z
    .union([metadataPair, z.array(metadataPair).max(16)])
    .optional()
    .describe('Metadata as `key:value`; may be repeated, and the job must have all pairs'),
});

const resumeFields = z
  .strictObject({
    max_train_steps: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('New total number of steps. Required for a succeeded job; a paused job keeps its number by default'),
  })
  .meta({ id: 'ResumeTrainingJobRequest', examples: [{ max_train_steps: 400 }] });

/** Body of a resume. A request without a body passes null to this check. */
export const resumeTrainingJobRequest = z.preprocess((body) => body ?? undefined, resumeFields.optional());

export const jobEvent = z
  .object({ sequence: z.int(), type: z.string(), data: z.record(z.string(), z.unknown()), created_at: timestamp })
  .meta({ id: 'TrainingEvent' });
export type JobEventBody = z.infer<typeof jobEvent>;

export const jobEventPage = pageOf(jobEvent, 'TrainingEventPage');

export const jobMetric = z
  .object({
    step: z.int(),
    loss: z.number(),
    style_ref_loss: z.number(),
    aux_loss: z.number().nullable(),
    grad_norm: z.number(),
    learning_rate: z
      .number()
      .describe('Learning rate of this step; with the optimizer prodigy, its estimate times the factor of the schedule'),
  })
  .meta({ id: 'TrainingMetric' });
export type JobMetricBody = z.infer<typeof jobMetric>;

export const jobMetricPage = pageOf(jobMetric, 'TrainingMetricPage');

const spread = z.object({ min: z.number(), mean: z.number(), max: z.number() }).meta({ id: 'MetricSpread' });
const curveBucket = z
  .object({
    first_step: z.int(),
    last_step: z.int(),
    count: z.int().describe('Number of steps that were measured'),
    loss: spread,
    style_ref_loss: spread,
    aux_loss: spread.nullable(),
    grad_norm: spread,
    learning_rate: spread,
  })
  .meta({ id: 'TrainingCurveBucket' });
export type CurveBucketBody = z.infer<typeof curveBucket>;

export const trainingCurves = z
  .object({ data: z.array(z.object({ training_job_id: trainingJobId, buckets: z.array(curveBucket) })) })
  .meta({ id: 'TrainingCurves' });

const CURVE_JOBS = 20;
export const trainingCurveQuery = z.strictObject({
  jobs: z
    .string()
    .regex(idList('trainingJob', CURVE_JOBS), `must be at most ${CURVE_JOBS} ids of training jobs, separated by commas`)
    .transform((text) => text.split(',').map((id) => id.trim()))
    .optional()
    .describe('Ids of training jobs, separated by commas. Default: the running jobs'),
  points: z.coerce
    .number()
    .int()
    .min(2)
    .max(2000)
    .default(500)
    .describe('Maximum number of buckets for each job; all buckets have the same number of steps'),
});

export const validationImage = z
  .object({
    step: z.int(),
    index: z.int(),
    prompt: z.string(),
    seed: z.int(),
    width: z.int(),
    height: z.int(),
    size_bytes: z.int(),
    sha256: z.string(),
    missing: missingObject,
    url: z.string(),
    thumbnail_url: z.string().describe(THUMBNAIL),
    starred: z.boolean(),
    created_at: timestamp,
  })
  .meta({ id: 'ValidationImage' });
export type ValidationImageBody = z.infer<typeof validationImage>;

export const updateValidationImageRequest = z
  .strictObject({ starred: z.boolean() })
  .meta({ id: 'UpdateValidationImageRequest', examples: [{ starred: true }] });

export const validationImageQuery = stepPageQuery(
  z
    .string()
    .regex(/^\d{1,9}\.\d{1,9}$/, 'must be the value of `next` in an earlier page')
    .optional(),
).extend({
  step: stepCursor.optional().describe('Only the images of this step'),
  index: stepCursor.optional().describe('Only the images of this prompt, counted from 0'),
});

export const validationImagePage = pageOf(validationImage, 'ValidationImagePage');

const CHECKPOINT_FORMATS = ['diffusers', 'adapter'] as const;

/** The format of a checkpoint. That of an adapter has no model at its root. */
export function checkpointFormat(files: readonly { path: string }[]): (typeof CHECKPOINT_FORMATS)[number] {
  return files.some(({ path }) => path === 'model_index.json') ? 'diffusers' : 'adapter';
}

const checkpointFile = z
  .object({ path: z.string(), size_bytes: z.int(), sha256: z.string(), url: z.string() })
  .meta({ id: 'CheckpointFile' });

export const checkpoint = z
  .object({
    id: checkpointId,
    training_job_id: trainingJobId,
    step: z.int(),
    format: z
      .enum(CHECKPOINT_FORMATS)
      .describe('`diffusers`: a complete model; `adapter`: files that are used together with the base model'),
    size_bytes: z.int(),
    missing: missingObject,
    files: z.array(checkpointFile),
    formats: z.array(downloadFormat).describe('Formats in which it can be downloaded as one file'),
    ...annotationFields,
    created_at: timestamp,
  })
  .meta({ id: 'Checkpoint' });
export type CheckpointBody = z.infer<typeof checkpoint>;

export const checkpointPage = pageOf(checkpoint, 'CheckpointPage');
