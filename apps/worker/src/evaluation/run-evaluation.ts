// An evaluation of its own, from the queue to its end.
import type { EvaluationProgress, Failure } from '@styleforge/contracts';
import { type EvaluationRow, StaleAttemptError } from '@styleforge/database';
import type { JobContext, JobOutcome } from '@styleforge/queue';
import { evaluate, NOTHING_DONE } from './evaluate.ts';
import { JobTimeoutError } from '../errors.ts';
import { type EndReason, holdRow, wishOf } from '../held-row/hold-row.ts';
import { tryRow } from '../held-row/try-row.ts';
import { metered } from '../machine/usage-meter.ts';
import { withScratch } from '../scratch.ts';
import type { WorkerServices } from '../services.ts';

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
  const subject = {
    projectId: evaluation.projectId,
    kind: 'evaluation',
    subjectId: evaluationId,
    device: services.settings.device,
  } as const;
  return tryRow(row, scoped, () =>
    metered(subject, scoped, (counted) =>
      withScratch(services.scratchDirectory, evaluationId, attempt, (directory) => run(evaluation, directory, context, counted)),
    ),
  );
}

async function run(evaluation: EvaluationRow, scratch: string, context: JobContext, services: WorkerServices): Promise<JobOutcome> {
  const { id, attempt } = evaluation;
  const { evaluations } = services.database;
  let progress: EvaluationProgress = NOTHING_DONE;
  const beat = async () => wishOf(await evaluations.updateProgress(id, attempt, progress));
  const hold = holdRow({ table: 'evaluations', id, attempt }, { signal: context.signal, beat }, services);
  const host = { signal: hold.signal, onProgress: (latest: EvaluationProgress) => void (progress = latest) };
  const outcome = await evaluate(evaluation, host, scratch, services).finally(() => hold.end());
  if (outcome === 'aborted') return afterAbort(evaluation, hold.reason(), services);
  await evaluations.setStatus(id, { from: 'running', to: 'succeeded', attempt });
  services.log.info('evaluation succeeded');
  return 'finished';
}

async function afterAbort({ id, attempt }: EvaluationRow, reason: EndReason, services: WorkerServices): Promise<JobOutcome> {
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
    // No evaluation can be paused.
    case 'paused':
      throw new StaleAttemptError(`Attempt ${attempt} of evaluation ${id} was taken over by another worker.`);
  }
}
