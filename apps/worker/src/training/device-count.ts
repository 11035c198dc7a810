// Number of the worker's devices that train a job together.
import type { TrainingJobRow } from '@styleforge/database';
import type { Services } from '../services.ts';

/** The devices share the passes of a step, so a job uses at most as many devices as passes. Prodigy uses one device. */
export function deviceCount({ config: { hyperparameters } }: TrainingJobRow, { settings }: Services<'settings'>): number {
  const { optimizer, gradient_accumulation_steps: passes } = hyperparameters;
  return optimizer === 'prodigy' ? 1 : Math.min(settings.trainingDevices, passes);
}
