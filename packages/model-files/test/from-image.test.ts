// Sampling from a noisy image, compared with diffusers' schedulers.
import { readFile } from 'node:fs/promises';
import { createSampler, type SamplerName, samplerNames } from '@styleforge/model-files';
import { describe, expect, it } from 'vitest';

interface Case {
  sampler: SamplerName;
  steps: number;
  strength: number;
  timesteps: number[];
  first: number[];
  last: number[];
}
const reference = JSON.parse(await readFile(new URL('from-image/reference.json', import.meta.url), 'utf8')) as {
  config: Record<string, unknown>;
  cases: Case[];
};

const COUNT = 12;
const original = Float32Array.from({ length: COUNT }, (_, i) => (((i * 7) % 11) - 5) / 5);
const noise = Float32Array.from({ length: COUNT }, (_, i) => (((i * 5) % 13) - 6) / 4);
/** Settings that the reference gives to one scheduler only. */
const OWN: Partial<Record<SamplerName, object>> = {
  ddim: { set_alpha_to_one: false },
  euler: { timestep_spacing: 'leading' },
};

function run(sampler: SamplerName, steps: number, strength: number) {
  const scheduler = createSampler(sampler, { ...reference.config, ...OWN[sampler] });
  scheduler.setTimesteps(steps);
  scheduler.startFrom(strength);
  const timesteps = scheduler.remaining;
  const first = scheduler.addNoise(original, noise);
  let sample = first;
  for (const timestep of timesteps) {
    const scaled = scheduler.scaleModelInput(sample, timestep);
    sample = scheduler.step(
      scaled.map((value) => Math.sin(value * 2 + timestep / 1000)),
      timestep,
      sample,
    );
  }
  return { timesteps, first, last: sample };
}

describe('from an image', () => {
  it.each(reference.cases)('$sampler takes the steps of diffusers: $steps at strength $strength', (expected) => {
    const { timesteps, first, last } = run(expected.sampler, expected.steps, expected.strength);
    expect([...timesteps]).toEqual(expected.timesteps);
    for (let i = 0; i < COUNT; i++) {
      expect(first[i]).toBeCloseTo(expected.first[i]!, 4);
      expect(last[i]).toBeCloseTo(expected.last[i]!, 3);
    }
  });

  it.each(samplerNames)('%s gets closer to the image with a lower strength', (sampler) => {
    const distance = (strength: number) => {
      const { last } = run(sampler, 20, strength);
      return last.reduce((sum, value, i) => sum + (value - original[i]!) ** 2, 0);
    };
    expect(distance(0.05)).toBeLessThan(distance(0.5));
    expect(distance(0.05)).toBeLessThan(1);
  });

  it('refuses a strength that leaves no step or is out of range', () => {
    const sampler = createSampler('ddim', reference.config);
    sampler.setTimesteps(10);
    for (const strength of [0, -1, 1.1, Number.NaN]) expect(() => sampler.startFrom(strength)).toThrow('strength');
  });
});
