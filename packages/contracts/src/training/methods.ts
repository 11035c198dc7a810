// Defaults of each method: what it trains and how, if neither the request nor the base model says otherwise.
import type { AdaptationKind, AdaptationRequest } from './adaptations.ts';
import type { HyperparametersRequest } from './hyperparameters.ts';
import { CAPTION_PLACEHOLDER } from './placeholders.ts';

export const TRAINING_METHODS = [
  'single-styleforge',
  'multi-styleforge',
  'dreambooth',
  'lora',
  'textual-inversion',
  'custom-diffusion',
  'styledrop',
  'pivotal-tuning',
  'b-lora',
] as const;
export type TrainingMethod = (typeof TRAINING_METHODS)[number];

/** Name of the component that includes every image of the dataset, whatever its label. */
export const ALL_IMAGES = 'all';

/** How a method binds tokens to images. */
export interface MethodBinding {
  /** Components of a request that names none. A method with several always has several. */
  readonly components: readonly string[];
  /** Default prompt of a component. */
  readonly prompt: string;
  /** Whether Aux images replace prior preservation. */
  readonly hasAux: boolean;
  /** Whether the request has settings in `styledrop`: words for the style, candidates, a second round. */
  readonly hasRounds: boolean;
}

const ONE: MethodBinding = { components: [ALL_IMAGES], prompt: 'a photo of [V] style', hasAux: false, hasRounds: false };

export const METHOD_BINDINGS: Record<TrainingMethod, MethodBinding> = {
  'single-styleforge': { ...ONE, hasAux: true },
  'multi-styleforge': { ...ONE, components: ['person', 'background'], hasAux: true },
  dreambooth: ONE,
  lora: ONE,
  'textual-inversion': ONE,
  'custom-diffusion': ONE,
  styledrop: { ...ONE, prompt: `${CAPTION_PLACEHOLDER} in [V] style`, hasRounds: true },
  'pivotal-tuning': ONE,
  'b-lora': ONE,
};

export const METHOD_ADAPTATIONS: Record<TrainingMethod, AdaptationKind> = {
  'single-styleforge': 'full',
  'multi-styleforge': 'full',
  dreambooth: 'full',
  lora: 'lora',
  'textual-inversion': 'textual-inversion',
  'custom-diffusion': 'custom-diffusion',
  styledrop: 'adapter',
  'pivotal-tuning': 'pivotal-tuning',
  'b-lora': 'lora',
};

/** Adaptation settings that belong to a method. */
export const METHOD_ADAPTATION_SETTINGS: Partial<Record<TrainingMethod, AdaptationRequest>> = {
  'b-lora': { kind: 'lora', rank: 64, blocks: 'b-lora' },
};

/** The adaptations that a method can train; null for all. */
export const POSSIBLE_ADAPTATIONS: Record<TrainingMethod, readonly AdaptationKind[] | null> = {
  'single-styleforge': null,
  'multi-styleforge': null,
  dreambooth: null,
  lora: ['lora'],
  'textual-inversion': ['textual-inversion'],
  'custom-diffusion': ['custom-diffusion'],
  styledrop: ['adapter', 'lora'],
  'pivotal-tuning': ['pivotal-tuning'],
  'b-lora': ['lora'],
};

/** Hyperparameters that belong to the prompts of a method, independent of its adaptation. */
export const METHOD_SETTINGS: Record<TrainingMethod, HyperparametersRequest> = {
  'single-styleforge': {},
  'multi-styleforge': {},
  dreambooth: {},
  lora: {},
  'textual-inversion': {},
  'custom-diffusion': {},
  styledrop: { use_captions: true },
  'pivotal-tuning': {},
  'b-lora': { learning_rate: 5e-5, max_train_steps: 1000 },
};
