// The adaptations that there are, by the name that a job gives them: the compiler asks for each.
import { FIRST_ADAPTATION, type AdaptationConfig } from '@styleforge/contracts';
import { type StyleForgeConfig } from '../config.ts';
import { type TrainableModel } from '../model/model.ts';
import { type Adaptation, type AdaptationInputs } from './adaptation.ts';
import { customDiffusionAdaptation } from './custom-diffusion.ts';
import { fullAdaptation } from './full.ts';
import { loraAdaptation } from './lora.ts';
import { pivotalTuningAdaptation } from './pivotal-tuning.ts';
import { residualAdaptation } from './residual-adapter.ts';
import { textualInversionAdaptation } from './textual-inversion.ts';

type Create<Config> = (inputs: AdaptationInputs, config: Config) => Adaptation;

const adaptations: { readonly [Kind in AdaptationConfig['kind']]: Create<Extract<AdaptationConfig, { kind: Kind }>> } = {
  full: fullAdaptation,
  lora: loraAdaptation,
  'textual-inversion': textualInversionAdaptation,
  'custom-diffusion': customDiffusionAdaptation,
  adapter: residualAdaptation,
  'pivotal-tuning': pivotalTuningAdaptation,
};

/** Default for stored runs from before adaptations had names, which trained every weight. */
export function adaptationOf({ adaptation }: StyleForgeConfig): AdaptationConfig {
  return adaptation ?? FIRST_ADAPTATION;
}

export function createAdaptation(config: StyleForgeConfig, model: TrainableModel, tokens: readonly string[]): Adaptation {
  const adaptation = adaptationOf(config);
  const create = adaptations[adaptation.kind] as Create<AdaptationConfig>;
  return create({ model, hyperparameters: config.hyperparameters, tokens }, adaptation);
}
