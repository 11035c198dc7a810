// Learning rates of each component: text encoders may have their own.
import { type ParameterRates } from '@styleforge/runtime';
import { type TrainingHyperparameters } from '../config.ts';
import { networkOf } from '../model/parameter-names.ts';

/** Whether the parameter with this name belongs to a text encoder. */
export const isOfText = (name: string): boolean => networkOf(name) === 'text-encoder';

export function componentRates(name: string, hyperparameters: TrainingHyperparameters): ParameterRates {
  const { learning_rate: base, text_encoder_learning_rate: text } = hyperparameters;
  return { learningRateScale: isOfText(name) ? (text ?? base) / base : 1 };
}
