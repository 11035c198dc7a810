// Learning-rate schedules: those of fine-tuning, equal to diffusers.optimization.get_scheduler in each step, and that of pretraining.
import { type TrainingHyperparameters } from '../config.ts';

const POLYNOMIAL_END = 1e-7;

/** Learning rate of update `step`, counted from 0. */
export function learningRateAt(step: number, config: TrainingHyperparameters): number {
  const {
    learning_rate: base,
    lr_scheduler: name,
    lr_warmup_steps: warmup,
    lr_num_cycles: cycles,
    lr_power: power,
    max_train_steps: total,
  } = config;
  if (name === 'constant') return base;
  if (step < warmup) return (base * step) / Math.max(1, warmup);
  const progress = (step - warmup) / Math.max(1, total - warmup);
  switch (name) {
    case 'constant_with_warmup':
      return base;
    case 'linear':
      return base * Math.max(0, (total - step) / Math.max(1, total - warmup));
    case 'cosine':
      return base * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    case 'cosine_with_restarts':
      return progress >= 1 ? 0 : base * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((cycles * progress) % 1))));
    case 'polynomial':
      return step > total ? POLYNOMIAL_END : (base - POLYNOMIAL_END) * (1 - progress) ** power + POLYNOMIAL_END;
  }
}

export interface WarmupStableDecay {
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly steps: number;
}

/** Last share of the steps, in which the rate falls. Before that, the number of steps can be increased without changing the schedule. */
const FALLING = 0.35;

/** Learning rate of update `step`, counted from 0: linear warm-up, then constant, then half a cosine down to a hundredth. */
export function warmupStableDecayAt(step: number, { learningRate, warmupSteps, steps }: WarmupStableDecay): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const fallen = Math.max(0, (step - steps * (1 - FALLING)) / (steps * FALLING));
  return learningRate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * fallen)));
}
