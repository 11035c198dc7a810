// Every sampler works with every spacing, for up to as many steps as there are training timesteps, and gives finite numbers.
import { checkSamplers, createSampler, samplerNames, SchedulerConfigError } from '@styleforge/model-files';
import { expect, it } from 'vitest';

const stableDiffusion = {
  _class_name: 'PNDMScheduler',
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  num_train_timesteps: 1000,
  steps_offset: 1,
  skip_prk_steps: true,
};

const spacings = ['leading', 'linspace', 'trailing'] as const;
it.each(spacings.flatMap((spacing) => samplerNames.map((name) => [name, spacing] as const)))('%s, %s', (name, timestep_spacing) => {
  for (const steps of [1, 500, 999, 1000]) {
    const sampler = createSampler(name, { ...stableDiffusion, timestep_spacing });
    sampler.setTimesteps(steps);
    let sample = new Float32Array(4).fill(0.5 * sampler.initNoiseSigma);
    for (const t of sampler.timesteps) sample = Float32Array.from(sampler.step(new Float32Array(4).fill(0.1), t, sample));
    expect(Math.max(...sampler.timesteps)).toBeLessThan(1000);
    expect(Math.min(...sampler.timesteps)).toBeGreaterThanOrEqual(0);
    expect(sample.every(Number.isFinite), `${steps} steps`).toBe(true);
  }
});

it.each([
  [{ _class_name: 'DPMSolverMultistepScheduler', algorithm_type: 'sde-dpmsolver++' }, /algorithm_type "sde-dpmsolver\+\+"/],
  [{ _class_name: 'DPMSolverMultistepScheduler', solver_order: 3 }, /solver_order 3/],
  [{ thresholding: true }, /ddim.*thresholding/],
  [{ num_train_timesteps: 20 }, /num_train_timesteps is 20/],
  [{ _class_name: 'FlowMatchEulerDiscreteScheduler' }, /FlowMatchEulerDiscreteScheduler/],
  [{ prediction_type: 'flow_prediction' }, /prediction_type/],
  [{ beta_end: 1.5 }, /betas/],
])('refuses %j before anything is generated with it', (fields, message) => {
  expect(() => checkSamplers({ ...stableDiffusion, ...fields })).toThrow(SchedulerConfigError);
  expect(() => checkSamplers({ ...stableDiffusion, ...fields })).toThrow(message);
});

it.each([
  {},
  { prediction_type: 'sample' },
  { prediction_type: 'v_prediction' },
  { skip_prk_steps: false },
  { lambda_min_clipped: '-Infinity', _class_name: 'DPMSolverMultistepScheduler' },
  { lambda_min_clipped: -5.1, timestep_spacing: 'trailing', _class_name: 'DPMSolverMultistepScheduler' },
  { rescale_betas_zero_snr: true, timestep_spacing: 'trailing', prediction_type: 'v_prediction' },
])('accepts %j', (fields) => {
  expect(() => checkSamplers({ ...stableDiffusion, ...fields })).not.toThrow();
});
