// The rates that a job's hyperparameters give each component: text encoders may have one of their own.
import { type ParameterRates } from '@styleforge/runtime';
import { type TrainingHyperparameters } from '../config.ts';
import { componentOf } from '../parameter-names.ts';

export const isTextEncoder = (component: string): boolean => component.startsWith('text_encoder');

export function componentRates(name: string, hyperparameters: TrainingHyperparameters): ParameterRates {
  const { learning_rate: base, text_encoder_learning_rate: text } = hyperparameters;
  return { learningRateScale: isTextEncoder(componentOf(name)) ? (text ?? base) / base : 1 };
}
