// A training job's progress on standard error: a bar in a terminal, a line now and then elsewhere.
import type { TrainingJob } from '@styleforge/sdk';
import { Presets, SingleBar } from 'cli-progress';
import { formatDuration } from './output.ts';

const LINE_PERIOD_MS = 10_000;

export interface ProgressDisplay {
  update(job: TrainingJob): void;
  stop(): void;
}

export function showProgress(): ProgressDisplay {
  return process.stderr.isTTY ? bar() : lines();
}

function bar(): ProgressDisplay {
  const width = Math.max(10, Math.min(40, process.stderr.columns - 70));
  const display = new SingleBar({ format: '{bar} {value}/{total}  {details}', barsize: width, hideCursor: true, stream: process.stderr, linewrap: false }, Presets.shades_classic);
  let started = false;
  return {
    update(job) {
      const { step, of } = job.progress;
      if (!started) display.start(of, step, { details: '' });
      started = true;
      display.setTotal(of);
      display.update(step, { details: describe(job) });
    },
    stop: () => display.stop(),
  };
}

function lines(): ProgressDisplay {
  let last = { status: '', at: 0 };
  return {
    update(job) {
      if (job.status === last.status && Date.now() - last.at < LINE_PERIOD_MS) return;
      last = { status: job.status, at: Date.now() };
      const { step, of } = job.progress;
      process.stderr.write(`${step}/${of}  ${describe(job)}\n`);
    },
    stop: () => undefined,
  };
}

/** What is shown beside the bar. */
export function describe({ status, progress }: Pick<TrainingJob, 'status' | 'progress'>): string {
  const { loss, samples_per_second: speed, eta_seconds: eta, queue_position: before, evaluation } = progress;
  if (status === 'queued') return before === null || before === 0 ? 'queued, next' : `queued, ${before} before it`;
  if (status === 'evaluating' && evaluation) return `evaluating, ${evaluation.phase} ${evaluation.done}/${evaluation.of}`;
  if (status === 'running' && loss === null) return 'running, preparing';
  return [
    status,
    loss !== null && `loss ${loss.toFixed(4)}`,
    speed !== null && `${speed.toFixed(1)} samples/s`,
    status === 'running' && eta !== null && `ETA ${formatDuration(eta)}`,
  ].filter(Boolean).join('  ');
}
