// An evaluation of its own, from the queue to its end.
import { type EvaluationRow, StaleAttemptError, StatusConflictError } from '@styleforge/database';
import type { JobContext, JobOutcome, StopReason } from '@styleforge/queue';
import { evaluate } from './evaluation/evaluate.ts';
import { startTelling } from './evaluation/progress-teller.ts';
import { countFailure, failureOf, isPermanent, JobTimeoutError } from './failures.ts';
import { withScratch } from './scratch.ts';
import type { WorkerServices } from './worker.ts';

type EvaluationStopReason = StopReason | 'cancelled' | 'superseded';

export async function runEvaluation(evaluationId: string, context: JobContext, services: WorkerServices): Promise<JobOutcome> {
  const evaluation = await services.database.evaluations.claim(evaluationId);
  // Cancelled or finished since it was queued.
  if (!evaluation) return 'finished';
  const scoped = { ...services, log: services.log.child({ evaluationId, attempt: evaluation.attempt }) };
  scoped.log.info(
    { models: evaluation.config.models.map(({ name }) => name), prompts: evaluation.config.prompts.length },
    'evaluation taken',
  );
  try {
    return await withScratch(services.scratchDirectory, evaluationId, evaluation.attempt, (directory) =>
      run(evaluation, directory, context, scoped),
    );
  } catch (error) {
    countFailure(services.metrics, 'evaluate', error);
    if (isPermanent(error) || context.isLastAttempt) await markFailed(evaluation, error, scoped);
    throw error;
  }
}

async function run(evaluation: EvaluationRow, scratch: string, context: JobContext, services: WorkerServices): Promise<JobOutcome> {
  const { id, attempt } = evaluation;
  const { evaluations } = services.database;
  const stop = new AbortController();
  const abort = (reason: EvaluationStopReason) => stop.abort(reason);
  const telling = startTelling({
    log: services.log,
    tell: (progress) => evaluations.updateProgress(id, attempt, progress),
    onCancelRequested: () => abort('cancelled'),
    onSuperseded: () => abort('superseded'),
  });
  const host = { signal: AbortSignal.any([context.signal, stop.signal]), onProgress: telling.add };
  const outcome = await evaluate(evaluation, host, scratch, services).finally(() => telling.stop());
  if (outcome === 'aborted') return afterAbort(evaluation, host.signal.reason as EvaluationStopReason, services);
  await evaluations.setStatus(id, { from: 'running', to: 'succeeded', attempt });
  services.log.info('evaluation succeeded');
  return 'finished';
}

async function afterAbort({ id, attempt }: EvaluationRow, reason: EvaluationStopReason, services: WorkerServices): Promise<JobOutcome> {
  switch (reason) {
    case 'cancelled':
      await services.database.evaluations.setStatus(id, { from: 'running', to: 'cancelled', attempt });
      services.log.info('evaluation cancelled');
      return 'finished';
    case 'shutdown':
      return 'handed-back';
    case 'timeout':
      throw new JobTimeoutError('the evaluation ran longer than an evaluation may');
    case 'lock-lost':
    case 'superseded':
      throw new StaleAttemptError(`Attempt ${attempt} of evaluation ${id} was taken over by another worker.`);
  }
}

async function markFailed({ id, attempt }: EvaluationRow, error: unknown, services: WorkerServices): Promise<void> {
  if (error instanceof StaleAttemptError || error instanceof StatusConflictError) return;
  await services.database.evaluations.setStatus(id, { from: 'running', to: 'failed', attempt, error: failureOf(error) });
  services.log.error({ err: error }, 'evaluation failed for good');
}

export async function abandonEvaluation(evaluationId: string, error: Error, services: WorkerServices): Promise<void> {
  const evaluation = await services.database.evaluations.get(evaluationId);
  if (!evaluation || (evaluation.status !== 'queued' && evaluation.status !== 'running')) return;
  const failure = {
    code: 'worker_died' as const,
    message: 'The worker died with this evaluation again and again; its log may tell why',
    retryable: true,
  };
  await services.database.evaluations.setStatus(evaluationId, { from: evaluation.status, to: 'failed', error: failure });
  services.log.error({ err: error, evaluationId }, 'evaluation given up');
}
