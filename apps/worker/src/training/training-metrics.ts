// A training job's numbers for Prometheus.
import type { Metrics } from '@styleforge/telemetry';
import type { Progress } from '../processes/messages.ts';

export function recordStep(metrics: Metrics | undefined, method: string, { stepSeconds, samplesPerSecond }: Progress): void {
  metrics?.observe('styleforge_train_step_seconds', { method }, stepSeconds);
  metrics?.add('styleforge_train_samples_total', { method }, Math.round(samplesPerSecond * stepSeconds));
  metrics?.set('styleforge_train_samples_per_second', { method }, samplesPerSecond);
}
