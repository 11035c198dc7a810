// Learning-rate schedules, step by step equal to diffusers.optimization.get_scheduler.
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
