// Presets follow from a base model's defaults, and each fits the body of a job; estimates follow from measurements.
import {
  baseModelProfile,
  checkTrainingJobRequest,
  costKey,
  estimateJob,
  type JobCost,
  METHOD_HYPERPARAMETERS,
  PRESET_NAMES,
  presetsOf,
  resolveTrainingConfig,
  TRAINING_METHODS,
  type TrainingConfig,
} from '@styleforge/contracts';
import { describe, expect, it } from 'vitest';

const profile = baseModelProfile.parse({ resolution: 64, defaults: { max_train_steps: 100, learning_rate: 3e-4, train_batch_size: 4 } });
const dataset = 'ds_01890000-0000-7000-8000-000000000000';

function configOf(body: object = {}): TrainingConfig {
  const request = { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: dataset }, ...body };
  const parsed = checkTrainingJobRequest.parse(request) as Parameters<typeof resolveTrainingConfig>[0];
  const resolved = resolveTrainingConfig(parsed, profile);
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.errors));
  return resolved.config;
}

describe('presets', () => {
  it('exist five times for every method, and a job accepts each', () => {
    for (const method of TRAINING_METHODS) {
      const presets = presetsOf(profile, method);
      expect(presets.map(({ name }) => name)).toEqual(PRESET_NAMES);
      const components = method === 'multi-styleforge' ? {} : { components: [{ name: 'all', token: 'zwx' }] };
      for (const { request } of presets) configOf({ method, ...request, style_ref: { dataset_id: dataset, ...components } });
    }
  });

  it('change the defaults of the base model', () => {
    const [quick, balanced, thorough, small, paper] = presetsOf(profile, 'single-styleforge').map(({ request }) => configOf(request));
    expect(quick?.hyperparameters.max_train_steps).toBe(50);
    expect(quick?.validation?.every_steps).toBe(10);
    expect(balanced?.hyperparameters).toEqual(configOf().hyperparameters);
    expect(thorough?.hyperparameters).toMatchObject({ max_train_steps: 200, learning_rate: 1.5e-4, checkpointing_steps: 50 });
    expect(small).toMatchObject({
      adaptation: { kind: 'lora', rank: 8 },
      hyperparameters: { train_batch_size: 1, gradient_accumulation_steps: 4, gradient_checkpointing: true },
    });
    expect(paper?.hyperparameters).toEqual({ ...METHOD_HYPERPARAMETERS, resolution: 64 });
  });
});

describe('an estimate', () => {
  const cost: JobCost = {
    device: 'cpu',
    steps: 100,
    stepSeconds: 0.5,
    startSeconds: 4,
    validationSeconds: 3,
    checkpointSeconds: 2,
    checkpointBytes: 1000,
    peakMemoryBytes: 5e8,
    deviceMemoryBytes: null,
    recomputes: null,
  };

  it('adds start, steps, validations and checkpoints, and uses the fastest device', () => {
    const config = configOf({
      hyperparameters: { checkpointing_steps: 25, checkpoints_total_limit: 2 },
      validation: { prompts: ['x'], every_steps: 50 },
    });
    const estimate = estimateJob(config, [cost, { ...cost, device: 'webgpu', stepSeconds: 0.1 }, { ...cost, stepSeconds: 0.7 }], 3);
    expect(estimate.devices).toMatchObject([
      { device: 'webgpu', seconds: 4 + 10 + 3 * 3 + 4 * 2, jobs: 1 },
      { device: 'cpu', seconds: 4 + 60 + 3 * 3 + 4 * 2, jobs: 2 },
    ]);
    expect(estimate).toMatchObject({ seconds: 31, checkpoint_bytes: 1000, checkpoints_bytes: 2000, queue_position: 3 });
  });

  it('contains the memory that the card needs, and what the last worker chose', () => {
    const onCard = (deviceMemoryBytes: number | null, recomputes: boolean | null): JobCost => ({
      ...{ ...cost, device: 'cuda', deviceMemoryBytes, recomputes },
    });
    // the newest comes first, and was measured before cards were
    const costs = [onCard(null, null), onCard(9e9, true), onCard(2e10, false), cost];
    const cards = { device_memory_bytes: 2e10, recomputes_activations: true };
    expect(estimateJob(configOf(), costs, 0, { cuda: 1 })).toMatchObject({ ...cards, peak_memory_bytes: 5e8, devices: [cards, {}] });
    const unknown = { device_memory_bytes: null, recomputes_activations: null };
    expect(estimateJob(configOf(), [cost], 0)).toMatchObject({ ...unknown, devices: [unknown] });
    expect(estimateJob(configOf(), [], 0, { cuda: 1 })).toMatchObject({ ...unknown, devices: [unknown] });
  });

  it('is unknown without a measurement', () => {
    expect(estimateJob(configOf(), [cost, { ...cost, device: 'webgpu', stepSeconds: 0.1 }], 3, { cpu: 2 })).toMatchObject({
      seconds: estimateJob(configOf(), [cost], 3).seconds,
      devices: [
        { device: 'cpu', workers: 2 },
        { device: 'webgpu', workers: 0 },
      ],
    });
    expect(estimateJob(configOf(), [cost], 0, { cuda: 1 })).toMatchObject({
      seconds: null,
      peak_memory_bytes: null,
      devices: [
        { device: 'cpu', workers: 0, jobs: 1 },
        { device: 'cuda', workers: 1, seconds: null, jobs: 0 },
      ],
      basis: expect.stringMatching(/^unknown: .*measured on cpu only, and the workers that are here now have cuda$/) as string,
    });
    expect(estimateJob(configOf(), [], 0)).toMatchObject({ seconds: null, peak_memory_bytes: null, checkpoint_bytes: null, devices: [] });
  });

  it('uses jobs with the same cost: size and adaptation count, steps and rate do not', () => {
    const key = costKey(configOf());
    expect(costKey(configOf({ hyperparameters: { max_train_steps: 7, learning_rate: 1e-5, seed: 9 } }))).toBe(key);
    for (const other of [{ hyperparameters: { resolution: 32 } }, { adaptation: { kind: 'lora' } }, { aux: { dataset_id: dataset } }])
      expect(costKey(configOf(other))).not.toBe(key);
  });
});
