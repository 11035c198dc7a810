// Prometheus metrics of a training job.
import type { Metrics } from '@styleforge/telemetry';
import type { Progress, TrainingTask } from '../processes/messages.ts';
import type { Services } from '../services.ts';

export function recordStep(metrics: Metrics | undefined, method: string, { stepSeconds, samplesPerSecond }: Progress): void {
  metrics?.observe('styleforge_train_step_seconds', { method }, stepSeconds);
  metrics?.add('styleforge_train_samples_total', { method }, Math.round(samplesPerSecond * stepSeconds));
  metrics?.set('styleforge_train_samples_per_second', { method }, samplesPerSecond);
}

/** Logs the first step, and prepares a process for the next job; not earlier, so that it does not slow this job's start down. */
export function noteFirstStep({ step, stepSeconds }: Progress, task: TrainingTask, { log, spare }: Services<'log' | 'spare'>): void {
  log.info({ step, stepSeconds }, 'first training step done');
  spare?.prepare(task);
}
