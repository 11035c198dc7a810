// A resolved training configuration, for tests that need any job.
import { METHOD_HYPERPARAMETERS, type TrainingConfig } from '@styleforge/contracts';

/** Single-StyleForge with the method's default hyperparameters, on this dataset and without Aux images. */
export function trainingConfig(styleRefDataset: string, changes: Partial<TrainingConfig> = {}): TrainingConfig {
  return {
    method: 'single-styleforge',
    base_model: 'tiny',
    style_ref: { dataset_id: styleRefDataset, components: [{ name: 'all', token: 'zwx', prompt: 'a photo of zwx style' }] },
    aux: null,
    adaptation: { kind: 'full' },
    styledrop: null,
    hyperparameters: METHOD_HYPERPARAMETERS,
    prior_preservation: null,
    validation: null,
    evaluation: null,
    early_stopping: null,
    suffix: null,
    ...changes,
  };
}
