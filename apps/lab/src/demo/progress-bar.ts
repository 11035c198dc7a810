// Shows the progress of a training job and of its evaluation: bars in a terminal, otherwise a line every ten seconds.
import type { TrainingJobBody } from '@styleforge/contracts';
import { Presets, SingleBar } from 'cli-progress';

const linePeriodMs = 10_000;
const TRAINING = 'training';

export interface ProgressDisplay {
  update(job: TrainingJobBody): void;
  stop(): void;
}

export function createProgressDisplay(): ProgressDisplay {
  return process.stdout.isTTY ? terminalBar() : plainLines();
}

/** One bar for the training, and another one below it for each phase of the evaluation. */
function terminalBar(): ProgressDisplay {
  let shown: { bar: SingleBar; what: string } | undefined;
  const barFor = (what: string, of: number): SingleBar => {
    if (shown?.what === what) return shown.bar;
    shown?.bar.stop();
    const bar = new SingleBar({ format: '  {bar} {value}/{total} | {what} | {details}', hideCursor: true }, Presets.shades_classic);
    bar.start(of, 0, { what, details: '' });
    shown = { bar, what };
    return bar;
  };
  return {
    update(job) {
      const { what, done, of, details } = progressOf(job);
      const isOver = what === TRAINING && shown !== undefined && shown.what !== TRAINING;
      if (isOver) return;
      const bar = barFor(what, of);
      bar.setTotal(of);
      bar.update(done, { what: job.status === 'evaluating' ? what : job.status, details });
    },
    stop: () => shown?.bar.stop(),
  };
}

function plainLines(): ProgressDisplay {
  let last = { what: '', at: 0 };
  return {
    update(job) {
      const what = `${job.status} ${progressOf(job).what}`;
      if (what === last.what && Date.now() - last.at < linePeriodMs) return;
      last = { what, at: Date.now() };
      console.log(`  ${lineOf(job)}`);
    },
    stop: () => undefined,
  };
}

interface Progress {
  what: string;
  done: number;
  of: number;
  details: string;
}

/** Steps of the training, or images of the evaluation that follows it. */
function progressOf({ status, progress, config }: TrainingJobBody): Progress {
  const evaluation = progress?.evaluation;
  if (status === 'evaluating')
    return { what: `evaluating, ${evaluation?.phase ?? 'preparing'}`, done: evaluation?.done ?? 0, of: evaluation?.of ?? 0, details: '' };
  const of = progress?.of ?? config.hyperparameters.max_train_steps;
  return { what: TRAINING, done: progress?.step ?? 0, of, details: detailsOf(progress) };
}

/** The progress as one line: `running 40/100 loss 0.1234`, `evaluating, images 12/20`. */
export function lineOf(job: TrainingJobBody): string {
  const { what, done, of, details } = progressOf(job);
  return [job.status === 'evaluating' ? what : job.status, of > 0 && `${done}/${of}`, details].filter(Boolean).join(' ');
}

function detailsOf(progress: TrainingJobBody['progress']): string {
  if (!progress) return 'preparing';
  const { loss, samples_per_second: speed, eta_seconds: eta } = progress;
  return [
    loss !== null && `loss ${loss.toFixed(4)}`,
    speed !== null && `${Number(speed.toPrecision(3))} samples/s`,
    eta !== null && `ETA ${Math.floor(eta / 60)}:${String(eta % 60).padStart(2, '0')}`,
  ]
    .filter(Boolean)
    .join(', ');
}
