// Runs one training job from start to end.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ACTIVE_JOB_STATUSES, type Failure, type JobResult } from '@styleforge/contracts';
import { newId, StaleAttemptError, type TrainingJobRow } from '@styleforge/database';
import type { JobContext, JobOutcome } from '@styleforge/queue';
import { findBaseModel } from '../base-model.ts';
import { queueCandidates } from './candidates.ts';
import { CheckpointStore, type SavedCheckpoint } from './checkpoint-store.ts';
import { ClassImageCache } from './class-image-cache.ts';
import { CostMeter } from './cost-meter.ts';
import { deviceCount } from './device-count.ts';
import { compileOptions } from '../device.ts';
import { runEvaluationStage } from '../evaluation/evaluation-stage.ts';
import { JobTimeoutError } from '../errors.ts';
import { type EndReason, holdRow, wishOf } from '../held-row/hold-row.ts';
import { tryRow } from '../held-row/try-row.ts';
import type { HeldDevices } from '../machine/device-pool.ts';
import { metered } from '../machine/usage-meter.ts';
import { type JobProcessOptions, runInChild } from '../processes/job-process.ts';
import type { ChildResult, TrainingTask } from '../processes/messages.ts';
import { JobRequests } from './job-requests.ts';
import { ProgressRecorder } from './progress-recorder.ts';
import { noteRecomputation } from './recomputation-note.ts';
import { withScratch } from '../scratch.ts';
import { warnOfLostStyle } from './style-warning.ts';
import { noteFirstStep, recordStep } from './training-metrics.ts';
import { downloadTrainingInputs } from './training-inputs.ts';
import { ValidationStore } from './validation-store.ts';
import type { Services } from '../services.ts';

export type TrainingServices = Services<
  | 'database'
  | 'leases'
  | 'objectStore'
  | 'baseModelsDirectory'
  | 'baseModelCacheDirectory'
  | 'featureCacheDirectory'
  | 'scratchDirectory'
  | 'room'
  | 'settings'
  | 'devices'
  | 'deviceClock'
  | 'usage'
  | 'log'
  | 'metrics'
  | 'tracing'
  | 'spare'
>;

export async function runTrainingJob(jobId: string, context: JobContext, services: TrainingServices): Promise<JobOutcome> {
  const job = await services.database.trainingJobs.claim(jobId);
  // Cancelled, paused or finished since it was queued.
  if (!job) return 'finished';
  const scoped = { ...services, log: services.log.child({ jobId, attempt: job.attempt }) };
  scoped.log.info({ method: job.method, baseModel: job.baseModel }, 'training job claimed');
  const { trainingJobs, events } = services.database;
  const { attempt, setbacks } = job;
  const row = {
    ...rowOf(job),
    queue: 'train' as const,
    setbacks,
    fail: (error: Failure) => trainingJobs.setStatus(jobId, { from: ACTIVE_JOB_STATUSES, to: 'failed', attempt, error }),
    noteFailure: (failure: Failure) => events.append(jobId, 'job.attempt_failed', { attempt, ...failure }),
  };
  const subject = { projectId: job.projectId, kind: 'training_job', subjectId: jobId, device: services.settings.device } as const;
  return tryRow(row, scoped, () =>
    metered(
      subject,
      scoped,
      (counted) => withScratch(services, jobId, attempt, (directory) => train(job, directory, context, counted)),
      deviceCount(job, services),
    ),
  );
}

async function train(job: TrainingJobRow, scratch: string, context: JobContext, services: TrainingServices): Promise<JobOutcome> {
  if (job.cancelRequestedAt) return cancelled(job, services);
  // The worker died while pausing the job, so the last checkpoint is the one to resume from.
  if (job.status === 'pausing') return paused(job, services);
  if (job.status === 'evaluating') return evaluateJob(job, scratch, context, services);
  const checkpoints = new CheckpointStore(job, services);
  await checkpoints.reconcile();
  const resume = await checkpoints.restoreLatest(join(scratch, 'resume'));
  if (resume) services.log.info({ step: resume.step }, 'resuming from a checkpoint');
  const held = services.devices.take(deviceCount(job, services));
  return trainFrom({ job, checkpoints, resume, held }, { scratch, context, services }).finally(() => held.release());
}

interface Start {
  readonly job: TrainingJobRow;
  readonly checkpoints: CheckpointStore;
  readonly resume: (SavedCheckpoint & { directory: string }) | undefined;
  readonly held: HeldDevices;
}

async function trainFrom({ job, checkpoints, resume, held }: Start, around: Surroundings): Promise<JobOutcome> {
  const { scratch, context, services } = around;
  const task = await prepareTask(job, { resumeFrom: resume?.directory, scratch, devices: held.devices }, services);
  const progress = new ProgressRecorder(job, resume?.step ?? null, services);
  const requests = new JobRequests(job, services);
  const cost = new CostMeter(job, services);
  const beat = async () => {
    const wishes = await progress.write();
    requests.hear(wishes.requests);
    return wishOf(wishes);
  };
  const recorded = await recorders(job, task, { progress, requests, cost }, services);
  const hold = holdRow(rowOf(job), { signal: context.signal, beat }, services);
  let saved: SavedCheckpoint | undefined = resume;
  const result = await runInChild(task, {
    ...recorded,
    signal: hold.signal,
    log: services.log,
    tracing: services.tracing,
    spare: services.spare,
    onCheckpoint: async ({ step, directory, bestStep }) => {
      saved = await checkpoints.save(step, directory, { keep: bestStep, points: progress.unwritten() });
      progress.saved(step);
      cost.checkpoint(saved.sizeBytes);
      services.log.info({ step, checkpointId: saved.id }, 'checkpoint saved');
      await rm(directory, { recursive: true });
    },
  })
    .finally(() => hold.end())
    // The evaluation takes its own device.
    .finally(() => held.release());
  await cost.record();
  if (result === 'aborted') return afterAbort(job, hold.reason(), services);
  return trained(job, result, saved, around);
}

interface Recorders {
  readonly progress: ProgressRecorder;
  readonly requests: JobRequests;
  readonly cost: CostMeter;
}

/** Handlers of the child's reports, except checkpoints. */
async function recorders(job: TrainingJobRow, task: TrainingTask, { progress, requests, cost }: Recorders, services: TrainingServices) {
  const classImages = await ClassImageCache.of(job, task.baseModelDirectory, services);
  if (classImages)
    services.log.info({ images: await classImages.restore(task.classImagesDirectory) }, 'class images of an earlier job are reused');
  const validations = new ValidationStore(job, services);
  return {
    onStarted: (send) => requests.connect(send),
    onRequestMet: (met) => requests.met(met),
    onProgress: (update) => {
      if (progress.isFirst) noteFirstStep(update, task, services);
      cost.progress(update);
      recordStep(services.metrics, job.method, update);
      services.usage?.steps(1);
      progress.add(update);
    },
    onRecomputation: (news) => noteRecomputation(job, news, services),
    onReconstruction: (measured) => {
      cost.reconstruction();
      return warnOfLostStyle(job, measured, services);
    },
    onValidated: () => {
      cost.started();
      return services.database.trainingJobs.start(job.id, job.attempt);
    },
    onClassImage: async (image) => classImages?.save(image),
    onValidationImage: (image) => validations.keep(image),
    onValidation: (validation) => {
      cost.validation(validation);
      return validations.finish(validation);
    },
  } satisfies Partial<JobProcessOptions>;
}

interface Preparation {
  resumeFrom: string | undefined;
  scratch: string;
  devices: HeldDevices['devices'];
}

async function prepareTask(
  job: TrainingJobRow,
  { resumeFrom, scratch, devices: [device, ...replicas] }: Preparation,
  services: TrainingServices,
): Promise<TrainingTask> {
  return {
    kind: 'train',
    compile: {
      ...compileOptions(device, services.settings.trainingThreads),
      gradientKernels: services.settings.gradientKernels,
    },
    replicas,
    baseModelDirectory: await findBaseModel(job.baseModel, services),
    config: job.config,
    ...(await downloadTrainingInputs(job.projectId, job.config, join(scratch, 'images'), services)),
    workDirectory: join(scratch, 'work'),
    savesMemory: job.config.hyperparameters.gradient_checkpointing,
    extractorsDirectory: services.baseModelsDirectory,
    classImagesDirectory: join(scratch, 'class-images'),
    ...(resumeFrom && { resumeFrom }),
  };
}

const rowOf = ({ id, attempt }: TrainingJobRow) => ({ table: 'training_jobs', id, attempt }) as const;

async function afterAbort(job: TrainingJobRow, reason: EndReason, services: TrainingServices): Promise<JobOutcome> {
  switch (reason) {
    case 'cancelled':
      return cancelled(job, services);
    case 'paused':
      return paused(job, services);
    case 'shutdown':
      services.log.info('training stopped for a shutdown; the job goes back into the queue');
      return 'handed-back';
    case 'timeout':
      throw new JobTimeoutError('the job exceeded the time limit of training jobs');
    case 'lock-lost':
    case 'superseded':
    // Training jobs never leave their slot to another project.
    case 'moves-over':
      throw new StaleAttemptError(`Attempt ${job.attempt} of training job ${job.id} was taken over by another worker.`);
  }
}

async function cancelled(job: TrainingJobRow, services: TrainingServices): Promise<JobOutcome> {
  await services.database.trainingJobs.setStatus(job.id, { from: ACTIVE_JOB_STATUSES, to: 'cancelled', attempt: job.attempt });
  services.log.info('training job cancelled');
  return 'finished';
}

async function paused(job: TrainingJobRow, services: TrainingServices): Promise<JobOutcome> {
  // The job may have been cancelled while the checkpoint was being written.
  const latest = await services.database.trainingJobs.get(job.id);
  if (latest?.cancelRequestedAt) return cancelled(job, services);
  await services.database.trainingJobs.setStatus(job.id, { from: 'pausing', to: 'paused', attempt: job.attempt });
  services.log.info('training job paused');
  return 'finished';
}

interface Surroundings {
  scratch: string;
  context: JobContext;
  services: TrainingServices;
}

async function trained(
  job: TrainingJobRow,
  { finalStep, validations }: ChildResult,
  checkpoint: SavedCheckpoint | undefined,
  around: Surroundings,
): Promise<JobOutcome> {
  if (!checkpoint || checkpoint.step !== finalStep) {
    throw new Error(`training ended at step ${finalStep}, but its last checkpoint is of step ${checkpoint?.step ?? 'none'}`);
  }
  const { services } = around;
  const { trainingJobs } = services.database;
  const ended: JobResult = {
    final_step: finalStep,
    checkpoint_id: checkpoint.id,
    ...(validations && (await stoppingResult(job, finalStep, validations, services))),
  };
  const result = { ...ended, ...(await queueCandidates(job, ended.checkpoint_id, services)) };
  if (job.config.evaluation === null) {
    await trainingJobs.setStatus(job.id, { from: ['running', 'pausing'], to: 'succeeded', attempt: job.attempt, result });
    services.log.info(result, 'training job succeeded');
    return 'finished';
  }
  // The job was paused before its evaluation, so there is nothing left to train.
  if ((await trainingJobs.get(job.id))?.status === 'pausing') return paused(job, services);
  const evaluating = { ...result, evaluation_id: newId('evaluation') };
  const row = await trainingJobs.setStatus(job.id, { from: 'running', to: 'evaluating', attempt: job.attempt, result: evaluating });
  return evaluateJob(row, around.scratch, around.context, services);
}

/**
 * Generates images with the job's own model and those to compare it with, and writes the report; continues where a crashed worker stopped.
 */
async function evaluateJob(job: TrainingJobRow, scratch: string, context: JobContext, services: TrainingServices): Promise<JobOutcome> {
  const outcome = await runEvaluationStage(job, context.signal, scratch, services);
  if (outcome !== 'done') return afterAbort(job, outcome, services);
  await services.database.trainingJobs.setStatus(job.id, { from: 'evaluating', to: 'succeeded', attempt: job.attempt });
  services.log.info('training job succeeded and evaluated');
  return 'finished';
}

type Validations = NonNullable<ChildResult['validations']>;

/** Makes the checkpoint with the best score the result of the job. */
async function stoppingResult(
  job: TrainingJobRow,
  finalStep: number,
  { metric, best, scores: curve }: Validations,
  services: TrainingServices,
): Promise<Partial<JobResult>> {
  const stopping = { early_stopping: { metric, stopped: finalStep < job.config.hyperparameters.max_train_steps, curve } };
  if (best === null) return stopping;
  const row = (await services.database.checkpoints.list(job.projectId, job.id)).find(({ step }) => step === best.step);
  if (!row) throw new Error(`the best checkpoint, of step ${best.step}, is gone`);
  return { checkpoint_id: row.id, best: { ...best, metric }, ...stopping };
}
