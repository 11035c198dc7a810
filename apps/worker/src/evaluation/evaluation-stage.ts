// The evaluation stage of a training job: an evaluation of its finished checkpoint, made by the job's own worker.
import { type EvaluatedModel, type EvaluationProgress, styleWords, trainedModelLabel } from '@styleforge/contracts';
import type { EvaluationRow, TrainingJobRow } from '@styleforge/database';
import { Heartbeat } from '../held-row/heartbeat.ts';
import { type EndReason, holdRow, wishOf } from '../held-row/hold-row.ts';
import type { Services } from '../services.ts';
import { evaluate, type EvaluationServices, NOTHING_DONE } from './evaluate.ts';

type StageServices = EvaluationServices & Services<'leases'>;

/** Runs the evaluation of a job. Its status follows the job's: when the job ends, the evaluation ends. */
export async function runEvaluationStage(
  job: TrainingJobRow,
  signal: AbortSignal,
  scratch: string,
  services: StageServices,
): Promise<'done' | EndReason> {
  const evaluation = await startStage(job, services);
  services.log.info({ evaluationId: evaluation.id, models: evaluation.config.models.length }, 'evaluating');
  const heartbeat = new Heartbeat(job, services, job.result?.final_step ?? null);
  const { id, attempt } = job;
  let progress: EvaluationProgress = NOTHING_DONE;
  const beat = async () => wishOf(await tell(job, evaluation, progress, heartbeat, services));
  const hold = holdRow({ table: 'training_jobs', id, attempt }, { signal, beat }, services);
  const host = { signal: hold.signal, onProgress: (latest: EvaluationProgress) => void (progress = latest) };
  const outcome = await evaluate(evaluation, host, scratch, services).finally(() => hold.end());
  return outcome === 'aborted' ? hold.reason() : 'done';
}

async function startStage(job: TrainingJobRow, services: StageServices): Promise<EvaluationRow> {
  const { id, projectId, config, result } = job;
  if (config.evaluation === null || !result?.evaluation_id) throw new Error(`training job ${id} has no evaluation to continue with`);
  const { comparisons, ...settings } = config.evaluation;
  const models = [await judgedModel(job, result.checkpoint_id, services), ...comparisons];
  return services.database.evaluations.startStage(result.evaluation_id, { projectId, trainingJobId: id, config: { ...settings, models } });
}

async function judgedModel(
  { id, projectId, config, variation }: TrainingJobRow,
  checkpointId: string,
  services: StageServices,
): Promise<EvaluatedModel> {
  const checkpoint = await services.database.checkpoints.find(projectId, checkpointId);
  if (!checkpoint) throw new Error(`the checkpoint ${checkpointId} that is to be evaluated no longer exists`);
  const { step } = checkpoint;
  return {
    name: id,
    label: trainedModelLabel(config, step, variation?.name),
    base_model: config.base_model,
    training_job_id: id,
    checkpoint_id: checkpointId,
    step,
    adapter: null,
    ...styleWords(config),
  };
}

/** Writes progress to the rows of the evaluation and of the job; the job's row shows a request to cancel. */
async function tell(
  job: TrainingJobRow,
  { id, attempt }: EvaluationRow,
  evaluation: EvaluationProgress,
  heartbeat: Heartbeat,
  { database }: StageServices,
): Promise<{ cancelRequested: boolean }> {
  await heartbeat.beat();
  await database.evaluations.updateProgress(id, attempt, evaluation);
  const progress = (await database.trainingJobs.get(job.id))?.progress;
  if (!progress) return { cancelRequested: false };
  return database.trainingJobs.updateProgress(job.id, job.attempt, { ...progress, evaluation });
}
