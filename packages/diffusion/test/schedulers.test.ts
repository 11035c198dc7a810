// Samplers and the noise scheduler against the reference numbers of diffusers.
import { readFile } from 'node:fs/promises';
import { SafetensorsReader } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSampler, DDPMScheduler, samplerNames, type SamplerName, type SchedulerConfig } from '../src/index.ts';
import { relativeDifference } from './golden-models.ts';

const golden = new URL('../../../test/golden/', import.meta.url).pathname;

interface Reference {
  config: SchedulerConfig;
  timesteps: Record<string, number[]>;
}

const reference = JSON.parse(await readFile(`${golden}samplers.json`, 'utf8')) as Reference;
// Settings of the reference for these two in addition to the shared config, as in every Stable Diffusion checkpoint.
const perSampler: Record<string, SchedulerConfig> = {
  ddim: { steps_offset: 1, set_alpha_to_one: false, clip_sample: false },
  pndm: { steps_offset: 1, set_alpha_to_one: false, skip_prk_steps: true },
};

function fakeModel(x: Float32Array, t: number): Float32Array {
  return x.map((value) => 0.3 * value + 0.05 * Math.sin(3 * value + t / 100));
}

describe('samplers', () => {
  let reader: SafetensorsReader;
  beforeAll(async () => {
    reader = await SafetensorsReader.open(`${golden}samplers.safetensors`);
  });
  afterAll(() => reader.close());

  it.each(Object.keys(reference.timesteps))('%s', async (name) => {
    const dot = name.lastIndexOf('.');
    const family = name.slice(0, dot);
    const config = { ...perSampler[family], ...reference.config };
    const sampler = createSampler(family.replace('_karras', 'karras') as SamplerName, config);
    sampler.setTimesteps(Number(name.slice(dot + 1)));
    expect(sampler.timesteps).toEqual(reference.timesteps[name]);
    const start = await reader.read('x_init');
    let sample: Float32Array = start.map((value) => value * sampler.initNoiseSigma);
    for (const t of sampler.timesteps) sample = sampler.step(fakeModel(sampler.scaleModelInput(sample, t), t), t, sample);
    expect(relativeDifference(sample, await reader.read(name))).toBeLessThan(2e-6);
  });
});

describe('samplers under other configs', async () => {
  interface Case {
    sampler: SamplerName;
    steps: number;
    config: SchedulerConfig;
    timesteps: number[];
    final: number[];
  }
  const { start, cases } = JSON.parse(await readFile(`${golden}samplers-more.json`, 'utf8')) as { start: number[]; cases: Case[] };
  const label = ({ sampler, steps, config }: Case) => `${sampler} ${steps} ${Object.values(config).join(' ')}`;

  it.each(cases.map((entry) => [label(entry), entry] as const))('%s', (_, { sampler: name, steps, config, timesteps, final }) => {
    const sampler = createSampler(name, config);
    sampler.setTimesteps(steps);
    expect(sampler.timesteps.length).toBe(timesteps.length);
    expect(relativeDifference(Float32Array.from(sampler.timesteps), Float32Array.from(timesteps))).toBeLessThan(1e-6);
    let sample = Float32Array.from(start, (value) => value * sampler.initNoiseSigma);
    for (const t of sampler.timesteps)
      sample = Float32Array.from(sampler.step(fakeModel(sampler.scaleModelInput(sample, t), t), t, sample));
    expect(relativeDifference(sample, Float32Array.from(final))).toBeLessThan(3e-5);
  });
});

describe('a run', () => {
  const sample = Float32Array.of(1, 2);

  it.each(samplerNames)('of %s has the right number of steps, is repeatable and does not change its inputs', (name) => {
    const sampler = createSampler(name, { ...reference.config, skip_prk_steps: true });
    expect(() => sampler.step(sample, 999, sample)).toThrow(/call setTimesteps/);
    const run = (): Float32Array => {
      sampler.setTimesteps(5);
      const answer = Float32Array.of(0.5, -0.25);
      let x = sample.slice();
      for (const t of sampler.timesteps) {
        const before = x.slice();
        const next = sampler.step(answer, t, x);
        expect(x).toEqual(before);
        expect(next).not.toBe(x);
        x = Float32Array.from(next);
      }
      expect(answer).toEqual(Float32Array.of(0.5, -0.25));
      expect(() => sampler.step(answer, 1, x)).toThrow(/the run is over/);
      return x;
    };
    expect(run()).toEqual(run());
    sampler.setTimesteps(5);
    expect(() => sampler.step(sample, -3, sample)).toThrow(/is at timestep/);
    expect(() => sampler.step(Float32Array.of(1), sampler.timesteps[0], sample)).toThrow(/computed 1 values for a sample of 2/);
    for (const steps of [0, 2.5, 1001]) expect(() => sampler.setTimesteps(steps)).toThrow(/whole number from 1 to 1000/);
  });

  it('has exactly the requested number of trailing steps, although rounding would add one', () => {
    const sampler = createSampler('ddim', { ...reference.config, num_train_timesteps: 300, timestep_spacing: 'trailing' });
    sampler.setTimesteps(7);
    expect(sampler.timesteps).toHaveLength(7);
    expect(Math.min(...sampler.timesteps)).toBeGreaterThanOrEqual(0);
  });

  it('accepts exact names and ignores settings of other samplers', () => {
    const plain = createSampler('dpmsolver++', { ...reference.config, use_karras_sigmas: true });
    plain.setTimesteps(7);
    expect(plain.timesteps).toEqual(reference.timesteps['dpmsolver++.7']);
    const foreign = createSampler('dpmsolver++', { ...reference.config, _class_name: 'UniPCMultistepScheduler', solver_order: 3 });
    foreign.setTimesteps(7);
    expect(foreign.timesteps).toEqual(reference.timesteps['dpmsolver++.7']);
  });

  it.each([
    ['ddim', { thresholding: true }, /does not support thresholding/],
    ['ddim', { beta_schedule: 'sigmoid' }, /beta_schedule "sigmoid" is not one of/],
    ['euler', { timestep_spacing: 'random' }, /timestep_spacing/],
    ['euler', { timestep_type: 'continuous' }, /timestep_type/],
    ['unipc', { use_beta_sigmas: true }, /use_beta_sigmas/],
    ['dpmsolver++', { algorithm_type: 'sde-dpmsolver++' }, /algorithm_type/],
    ['dpmsolver++', { solver_order: 3 }, /solver_order 3/],
    ['ddim', { beta_start: 'low' }, /beta_start must be a number/],
    ['ddim', { num_train_timesteps: 0 }, /num_train_timesteps must be a whole number/],
    ['ddim', { trained_betas: 'file' }, /trained_betas must be a list/],
  ] as const)('refuses unsupported settings: %s %o', (name, config, message) => {
    expect(() => createSampler(name, config)).toThrow(message);
  });
});

describe('DDPMScheduler', () => {
  it('equals the reference: alphas_cumprod to the last bit, add_noise and velocity', async () => {
    const reader = await SafetensorsReader.open(`${golden}noise-scheduler.safetensors`);
    const scheduler = new DDPMScheduler(reference.config);
    expect(scheduler.alphasCumprod).toEqual(await reader.read('alphas_cumprod'));
    const [x0, noise, timesteps] = [await reader.read('x0'), await reader.read('noise'), await reader.read('timesteps')];
    expect(relativeDifference(scheduler.addNoise(x0, noise, timesteps), await reader.read('add_noise'))).toBeLessThan(2e-7);
    expect(relativeDifference(scheduler.getVelocity(x0, noise, timesteps), await reader.read('velocity'))).toBeLessThan(2e-7);
    await reader.close();
  });

  it('computes its target, signal-to-noise ratios and limits', () => {
    const [x, noise] = [Float32Array.of(1, 2), Float32Array.of(3, -1)];
    const scheduler = (prediction: string) => new DDPMScheduler({ ...reference.config, prediction_type: prediction });
    expect(scheduler('epsilon').target(x, noise, [5])).toBe(noise);
    expect(scheduler('sample').target(x, noise, [5])).toBe(x);
    expect(scheduler('v_prediction').target(x, noise, [5])).toEqual(scheduler('epsilon').getVelocity(x, noise, [5]));
    const [alphaBar] = scheduler('epsilon').alphasCumprod;
    expect(scheduler('epsilon').snr([0])[0]).toBeCloseTo(alphaBar / (1 - alphaBar), 2);
    expect(() => scheduler('epsilon').addNoise(x, noise, [1000])).toThrow(/timestep 1000/);
    expect(() => scheduler('epsilon').addNoise(x, Float32Array.of(1), [0])).toThrow(/do not fit/);
  });
});
