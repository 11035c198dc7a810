// What each method trains and how, where neither the request nor the base model says otherwise: one line for each in every table.
import type { AdaptationKind } from './adaptations.ts';
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
};
