// Shows a training job's progress: a bar in a terminal, a line now and then elsewhere.
import type { TrainingJobBody } from '@styleforge/contracts';
import { Presets, SingleBar } from 'cli-progress';

const linePeriodMs = 10_000;

export interface ProgressDisplay {
  update(job: TrainingJobBody): void;
  stop(): void;
}

export function createProgressDisplay(): ProgressDisplay {
  return process.stdout.isTTY ? terminalBar() : plainLines();
}

function terminalBar(): ProgressDisplay {
  const bar = new SingleBar({ format: '  {bar} {value}/{total} | {status} | {details}', hideCursor: true }, Presets.shades_classic);
  let started = false;
  return {
    update(job) {
      const { step, of } = stepsOf(job);
      if (started) bar.setTotal(of);
      else bar.start(of, step, { status: job.status, details: '' });
      started = true;
      bar.update(step, { status: job.status, details: detailsOf(job) });
    },
    stop: () => bar.stop(),
  };
}

function plainLines(): ProgressDisplay {
  let last = { status: '', at: 0 };
  return {
    update(job) {
      if (job.status === last.status && Date.now() - last.at < linePeriodMs) return;
      last = { status: job.status, at: Date.now() };
      const { step, of } = stepsOf(job);
      console.log(`  ${job.status} ${step}/${of} ${detailsOf(job)}`);
    },
    stop: () => undefined,
  };
}

function stepsOf({ progress, config }: TrainingJobBody): { step: number; of: number } {
  return { step: progress?.step ?? 0, of: progress?.of ?? config.hyperparameters.max_train_steps };
}

function detailsOf({ progress }: TrainingJobBody): string {
  if (!progress) return 'preparing';
  const { loss, samples_per_second: speed, eta_seconds: eta } = progress;
  return [
    loss !== null && `loss ${loss.toFixed(4)}`,
    speed !== null && `${speed.toFixed(1)} samples/s`,
    eta !== null && `ETA ${Math.floor(eta / 60)}:${String(eta % 60).padStart(2, '0')}`,
  ]
    .filter(Boolean)
    .join(', ');
}
