// Methods of the tables: the trained weights, the prompts and images, and the prompt for the style.
import {
  ADAPTATION_HYPERPARAMETERS,
  type AdaptationConfig,
  type HyperparametersRequest,
  METHOD_ADAPTATIONS,
  METHOD_HYPERPARAMETERS,
  METHOD_SETTINGS,
  resolveAdaptation,
  type TrainingMethod,
} from '@styleforge/contracts';

export type Method =
  | 'base'
  | 'dreambooth'
  | 'textual-inversion'
  | 'lora'
  | 'custom-diffusion'
  | 'pivotal-tuning'
  | 'styledrop'
  | 'single-styleforge'
  | 'multi-styleforge'
  | 'single-lora';

export interface MethodSettings {
  /** Name of the service's method. */
  readonly method: TrainingMethod;
  readonly adaptation: AdaptationConfig;
  readonly token: string;
  /** Whether Aux images are trained. */
  readonly hasAux: boolean;
}

function settingsOf(method: TrainingMethod, { token = 'zwx', hasAux = false, kind = METHOD_ADAPTATIONS[method] } = {}): MethodSettings {
  return { method, adaptation: resolveAdaptation({ kind }), token, hasAux };
}

export const METHODS: Readonly<Record<Exclude<Method, 'base'>, MethodSettings>> = {
  dreambooth: settingsOf('dreambooth'),
  'textual-inversion': settingsOf('textual-inversion', { token: '<zwx>' }),
  lora: settingsOf('lora'),
  'custom-diffusion': settingsOf('custom-diffusion', { token: '<zwx>' }),
  'pivotal-tuning': settingsOf('pivotal-tuning', { token: '<zwx>' }),
  styledrop: settingsOf('styledrop'),
  'single-styleforge': settingsOf('single-styleforge', { hasAux: true }),
  'multi-styleforge': settingsOf('multi-styleforge', { hasAux: true }),
  'single-lora': settingsOf('single-styleforge', { hasAux: true, kind: 'lora' }),
};

/** Hyperparameters in the base model's styleforge.json. */
export interface ProfileSettings {
  readonly defaults: HyperparametersRequest;
  readonly adaptations?: Readonly<Partial<Record<AdaptationConfig['kind'], HyperparametersRequest>>>;
}

/** Default hyperparameters of a job. */
export function hyperparametersOf({ method, adaptation: { kind } }: MethodSettings, { defaults, adaptations = {} }: ProfileSettings) {
  return {
    ...METHOD_HYPERPARAMETERS,
    ...defaults,
    ...ADAPTATION_HYPERPARAMETERS[kind],
    ...adaptations[kind],
    ...METHOD_SETTINGS[method],
  };
}
