// The table of adaptations by their names in jobs. A missing one does not compile.
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

/** The adaptation of a config. Default: full, for stored runs that were created before adaptations had names. */
export function adaptationOf({ adaptation }: StyleForgeConfig): AdaptationConfig {
  return adaptation ?? FIRST_ADAPTATION;
}

export function createAdaptation(config: StyleForgeConfig, model: TrainableModel, tokens: readonly string[]): Adaptation {
  const adaptation = adaptationOf(config);
  const create = adaptations[adaptation.kind] as Create<AdaptationConfig>;
  return create({ model, hyperparameters: config.hyperparameters, tokens }, adaptation);
}
