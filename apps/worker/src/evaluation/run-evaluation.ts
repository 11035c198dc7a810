// An evaluation of its own, from the queue to its end.
import type { Failure } from '@styleforge/contracts';
import { type EvaluationRow, StaleAttemptError } from '@styleforge/database';
import type { JobContext, JobOutcome, StopReason } from '@styleforge/queue';
import { evaluate } from './evaluate.ts';
import { startTelling } from './progress-teller.ts';
import { JobTimeoutError } from '../errors.ts';
import { tryRow } from '../held-row/try-row.ts';
import { withScratch } from '../scratch.ts';
import type { WorkerServices } from '../services.ts';

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
  const { attempt, setbacks } = evaluation;
  const row = {
    ...({ table: 'evaluations', queue: 'evaluate', id: evaluationId, attempt, setbacks } as const),
    fail: (error: Failure) => services.database.evaluations.setStatus(evaluationId, { from: 'running', to: 'failed', attempt, error }),
  };
  return tryRow(row, scoped, () =>
    withScratch(services.scratchDirectory, evaluationId, attempt, (directory) => run(evaluation, directory, context, scoped)),
  );
}

async function run(evaluation: EvaluationRow, scratch: string, context: JobContext, services: WorkerServices): Promise<JobOutcome> {
  const { id, attempt } = evaluation;
  const { evaluations } = services.database;
  const stop = new AbortController();
  const abort = (reason: EvaluationStopReason) => stop.abort(reason);
  const renew = services.leases.keeper({ table: 'evaluations', id, attempt });
  const telling = startTelling({
    log: services.log,
    tell: async (progress) => {
      await renew();
      return evaluations.updateProgress(id, attempt, progress);
    },
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
