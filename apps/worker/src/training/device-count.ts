// How many of the worker's devices train a job together.
import type { TrainingJobRow } from '@styleforge/database';
import type { Services } from '../services.ts';

/** Devices share the passes of a step: a job has no use for more than it has passes. Prodigy estimates on one. */
export function deviceCount({ config: { hyperparameters } }: TrainingJobRow, { settings }: Services<'settings'>): number {
  const { optimizer, gradient_accumulation_steps: passes } = hyperparameters;
  return optimizer === 'prodigy' ? 1 : Math.min(settings.trainingDevices, passes);
}
