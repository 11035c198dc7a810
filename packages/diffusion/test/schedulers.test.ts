// Samplers and the noise scheduler against the reference numbers of diffusers.
import { readFile } from 'node:fs/promises';
import { SafetensorsReader } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSampler, DDPMScheduler, type SamplerName, type SchedulerConfig } from '../src/index.ts';

const golden = new URL('../../../test/golden/', import.meta.url).pathname;

interface Reference {
  config: SchedulerConfig;
  timesteps: Record<string, number[]>;
}

const reference = JSON.parse(await readFile(`${golden}samplers.json`, 'utf8')) as Reference;
// What the reference set beside the shared config, for these two as every Stable Diffusion checkpoint does.
const perSampler: Record<string, SchedulerConfig> = {
  ddim: { steps_offset: 1, set_alpha_to_one: false, clip_sample: false },
  pndm: { steps_offset: 1, set_alpha_to_one: false, skip_prk_steps: true },
};

function fakeModel(x: Float32Array, t: number): Float32Array {
  return x.map((value) => 0.3 * value + 0.05 * Math.sin(3 * value + t / 100));
}

function relativeDifference(ours: Float32Array, theirs: Float32Array): number {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < theirs.length; i++) {
    largest = Math.max(largest, Math.abs(theirs[i]!));
    difference = Math.max(difference, Math.abs(theirs[i]! - ours[i]!));
  }
  return difference / largest;
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
    let sample = start.map((value) => value * sampler.initNoiseSigma);
    for (const t of sampler.timesteps) sample = sampler.step(fakeModel(sampler.scaleModelInput(sample, t), t), t, sample);
    expect(relativeDifference(sample, await reader.read(name))).toBeLessThan(2e-6);
  });
});

describe('DDPMScheduler', () => {
  it('gives the reference alphas_cumprod to the last bit, add_noise and velocity', async () => {
    const reader = await SafetensorsReader.open(`${golden}noise-scheduler.safetensors`);
    const scheduler = new DDPMScheduler(reference.config);
    expect(scheduler.alphasCumprod).toEqual(await reader.read('alphas_cumprod'));
    const [x0, noise, timesteps] = [await reader.read('x0'), await reader.read('noise'), await reader.read('timesteps')];
    expect(relativeDifference(scheduler.addNoise(x0, noise, timesteps), await reader.read('add_noise'))).toBeLessThan(2e-7);
    expect(relativeDifference(scheduler.getVelocity(x0, noise, timesteps), await reader.read('velocity'))).toBeLessThan(2e-7);
    await reader.close();
  });
});
