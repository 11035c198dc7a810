// The adaptations that there are, by the name that a job gives them.
import { type StyleForgeConfig } from '../config.ts';
import { type TrainableModel } from '../model.ts';
import { type Adaptation } from './adaptation.ts';
import { fullAdaptation } from './full.ts';

export function createAdaptation({ hyperparameters }: StyleForgeConfig, model: TrainableModel): Adaptation {
  return fullAdaptation(model, hyperparameters);
}
