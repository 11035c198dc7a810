// Runs a standalone evaluation, from the queue to its end.
import type { EvaluationProgress, Failure } from '@styleforge/contracts';
import { type EvaluationRow, StaleAttemptError } from '@styleforge/database';
import type { JobContext, JobOutcome } from '@styleforge/queue';
import { evaluate, type EvaluationServices, NOTHING_DONE } from './evaluate.ts';
import { JobTimeoutError } from '../errors.ts';
import { type EndReason, holdRow, wishOf } from '../held-row/hold-row.ts';
import { tryRow } from '../held-row/try-row.ts';
import type { Turn, Turns } from '../held-row/turns.ts';
import { metered } from '../machine/usage-meter.ts';
import { withScratch } from '../scratch.ts';
import type { Services } from '../services.ts';

type RunServices = EvaluationServices & Services<'leases' | 'scratchDirectory' | 'room' | 'metrics' | 'deviceClock'>;

export async function runEvaluation(evaluationId: string, context: JobContext, turns: Turns, services: RunServices): Promise<JobOutcome> {
  const outcome = await turns.run(evaluationId, async (take) => {
    const evaluation = await services.database.evaluations.claim(evaluationId);
    // Cancelled or finished since it was queued.
    if (!evaluation) return 'finished';
    const { attempt, setbacks, config, projectId } = evaluation;
    const scoped = { ...services, log: services.log.child({ evaluationId, attempt }) };
    scoped.log.info({ models: config.models.map(({ name }) => name), prompts: config.prompts.length }, 'evaluation claimed');
    const row = {
      ...({ table: 'evaluations', queue: 'evaluate', id: evaluationId, attempt, setbacks } as const),
      fail: (error: Failure) => services.database.evaluations.setStatus(evaluationId, { from: 'running', to: 'failed', attempt, error }),
    };
    const subject = { projectId, kind: 'evaluation', subjectId: evaluationId, device: services.settings.device } as const;
    const turn = take(projectId);
    return tryRow(row, scoped, () =>
      metered(subject, scoped, (counted) =>
        withScratch(services, evaluationId, attempt, (scratch) => run(evaluation, { scratch, context, turn }, counted)),
      ),
    );
  });
  return outcome === 'passed over' ? 'finished' : outcome;
}

interface Run {
  scratch: string;
  context: JobContext;
  turn: Turn;
}

async function run(evaluation: EvaluationRow, { scratch, context, turn }: Run, services: RunServices): Promise<JobOutcome> {
  const { id, attempt } = evaluation;
  const { evaluations } = services.database;
  let progress: EvaluationProgress = NOTHING_DONE;
  const beat = async () => {
    const wish = wishOf(await evaluations.updateProgress(id, attempt, progress));
    // Measuring starts from its beginning after each stop: only images are kept.
    return wish ?? (progress.phase === 'images' && (await turn.shouldMoveOver()) ? 'moves-over' : null);
  };
  const hold = holdRow({ table: 'evaluations', id, attempt }, { signal: context.signal, beat }, services);
  let doneBefore: number | undefined;
  const onProgress = (latest: EvaluationProgress) => {
    progress = latest;
    // The first progress message contains the number from before this turn.
    doneBefore ??= latest.done;
    if (latest.done > doneBefore) turn.hasProgressed = true;
  };
  const host = { signal: hold.signal, onProgress };
  const outcome = await evaluate(evaluation, host, scratch, services).finally(() => hold.end());
  if (outcome === 'aborted') return afterAbort(evaluation, hold.reason(), turn, services);
  await evaluations.setStatus(id, { from: 'running', to: 'succeeded', attempt });
  services.log.info('evaluation succeeded');
  return 'finished';
}

async function afterAbort({ id, attempt }: EvaluationRow, reason: EndReason, turn: Turn, services: RunServices): Promise<JobOutcome> {
  switch (reason) {
    case 'moves-over':
      turn.hasMovedOver = true;
      services.log.info('other projects wait: the evaluation pauses until its next turn and keeps its images');
      return 'finished';
    case 'cancelled':
      await services.database.evaluations.setStatus(id, { from: 'running', to: 'cancelled', attempt });
      services.log.info('evaluation cancelled');
      return 'finished';
    case 'shutdown':
      return 'handed-back';
    case 'timeout':
      throw new JobTimeoutError('the evaluation exceeded the time limit of evaluations');
    case 'lock-lost':
    case 'superseded':
    // Evaluations cannot be paused.
    case 'paused':
      throw new StaleAttemptError(`Attempt ${attempt} of evaluation ${id} was taken over by another worker.`);
  }
}
