// Progress on standard error: a bar in a terminal, otherwise an occasional line.
import type { Evaluation, TrainingJob } from '@styleforge/sdk';
import { Presets, SingleBar } from 'cli-progress';
import { formatDuration } from './output.ts';

const LINE_PERIOD_MS = 10_000;
const ROOM_BESIDE_THE_BAR = 70;

/** State of the followed work. */
export interface Progress {
  done: number;
  of: number;
  /** Status; without a bar, each change of it is written on its own line. */
  status: string;
  /** Text next to the bar. */
  details: string;
}

export interface ProgressDisplay {
  update(progress: Progress): void;
  stop(): void;
}

export function showProgress(): ProgressDisplay {
  return process.stderr.isTTY ? bar() : lines();
}

function bar(): ProgressDisplay {
  const width = Math.max(10, Math.min(40, process.stderr.columns - ROOM_BESIDE_THE_BAR));
  const display = new SingleBar(
    { format: '{bar} {value}/{total}  {details}', barsize: width, hideCursor: true, stream: process.stderr, linewrap: false },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update({ done, of, details }) {
      if (!started) display.start(of, done, { details });
      started = true;
      display.setTotal(of);
      display.update(done, { details });
    },
    stop: () => display.stop(),
  };
}

function lines(): ProgressDisplay {
  let last = { status: '', at: 0 };
  return {
    update({ done, of, status, details }) {
      if (status === last.status && Date.now() - last.at < LINE_PERIOD_MS) return;
      last = { status, at: Date.now() };
      process.stderr.write(`${done}/${of}  ${details}\n`);
    },
    stop: () => undefined,
  };
}

export function progressOfJob(job: Pick<TrainingJob, 'status' | 'progress'>): Progress {
  const { step, of } = job.progress;
  return { done: step, of, status: job.status, details: describe(job) };
}

export function progressOfEvaluation({ status, progress, config }: Evaluation): Progress {
  if (progress === null) return { done: 0, of: config.models.length * config.prompts.length * config.num_images, status, details: status };
  const { phase, done, of } = progress;
  return { done, of, status: `${status} ${phase}`, details: `${status}, ${phase}` };
}

/** Summarizes the progress of a job in a few words. */
export function describe({ status, progress }: Pick<TrainingJob, 'status' | 'progress'>): string {
  const { loss, samples_per_second: speed, eta_seconds: eta, queue_position: before, evaluation } = progress;
  if (status === 'queued') return before === null || before === 0 ? 'queued, next' : `queued, ${before} before it`;
  if (status === 'evaluating' && evaluation) return `evaluating, ${evaluation.phase} ${evaluation.done}/${evaluation.of}`;
  if (status === 'running' && loss === null) return 'running, preparing';
  return [
    status,
    loss !== null && `loss ${loss.toFixed(4)}`,
    speed !== null && `${Number(speed.toPrecision(3))} samples/s`,
    status === 'running' && eta !== null && `ETA ${formatDuration(eta)}`,
  ]
    .filter(Boolean)
    .join('  ');
}
