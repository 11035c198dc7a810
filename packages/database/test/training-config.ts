// A resolved training configuration for tests.
import { METHOD_HYPERPARAMETERS } from '@styleforge/contracts';
import type { TrainingConfig } from '@styleforge/contracts';

export function trainingConfig(styleRef: string, aux: string | null = null): TrainingConfig {
  return {
    method: 'single-styleforge',
    base_model: 'styleforge-mini',
    style_ref: { dataset_id: styleRef, components: [{ name: 'all', token: 'zwx', prompt: 'a photo of zwx style' }] },
    aux: aux === null ? null : { dataset_id: aux, prompt: 'a photo of style', weight: 1 },
    hyperparameters: METHOD_HYPERPARAMETERS,
    prior_preservation: null,
    validation: null,
    evaluation: null,
    early_stopping: null,
    suffix: null,
  };
}
