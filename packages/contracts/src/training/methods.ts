// What each method trains and how, where neither the request nor the base model says otherwise: one line for each in every table.
import type { AdaptationKind, AdaptationRequest } from './adaptations.ts';
import type { HyperparametersRequest } from './hyperparameters.ts';
import type { TrainingMethod } from './training-request.ts';

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

/** Settings of the adaptation that belong to a method. */
export const METHOD_ADAPTATION_SETTINGS: Partial<Record<TrainingMethod, AdaptationRequest>> = {
  'b-lora': { kind: 'lora', rank: 64, blocks: 'b-lora' },
};

/** The adaptations that a method can train; null for any. */
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

/** Settings that belong to how a method says its prompts, whatever it trains. */
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
