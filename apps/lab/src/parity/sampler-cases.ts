// samplers.json and noise-scheduler.safetensors: every sampler on a closed-form model, and the forward process.
import { createSampler, DDPMScheduler, isSamplerName, type SchedulerConfig } from '@styleforge/diffusion';
import type { TensorReader } from '@styleforge/weights';
import { guarded, relativeCase, worstCase, type CaseResult } from './case-result.ts';
import { parseFormula } from './formula.ts';
import type { ReferenceFolder } from './reference-folder.ts';

const tolerance = 1e-4;

interface SamplerReference {
  fake_model: string;
  config: SchedulerConfig;
  timesteps: Record<string, number[]>;
}

// samplers.json states the common settings. These two samplers use the settings of Stable Diffusion checkpoints.
const stableDiffusion: Record<string, SchedulerConfig> = {
  ddim: { clip_sample: false, set_alpha_to_one: false, steps_offset: 1 },
  pndm: { skip_prk_steps: true, set_alpha_to_one: false, steps_offset: 1 },
};

interface SamplerInputs {
  config: SchedulerConfig;
  model: (x: Float32Array, t: number) => Float32Array;
  start: Float32Array;
}

/** `key` has the form `sampler.steps`. */
async function* sampling(key: string, expected: number[], inputs: SamplerInputs, reference: TensorReader): AsyncGenerator<CaseResult> {
  const [, family = key, steps] = /^(.*)\.(\d+)$/.exec(key) ?? [];
  const name = family.replace(/_karras$/, 'karras');
  if (!isSamplerName(name)) throw new Error(`samplers.json names the unknown sampler ${key}`);
  const sampler = createSampler(name, { ...stableDiffusion[name], ...inputs.config });
  sampler.setTimesteps(Number(steps));
  yield relativeCase(`samplers.${key}.timesteps`, sampler.timesteps, expected, tolerance);
  let sample = inputs.start.map((value) => value * sampler.initNoiseSigma);
  for (const t of sampler.timesteps) {
    sample = Float32Array.from(sampler.step(inputs.model(sampler.scaleModelInput(sample, t), t), t, sample));
  }
  yield relativeCase(`samplers.${key}`, sample, await reference.read(key), tolerance);
}

async function noiseScheduler(folder: ReferenceFolder): Promise<CaseResult> {
  const reference = await folder.tensors('noise-scheduler.safetensors');
  const scheduler = new DDPMScheduler((await folder.json<SamplerReference>('samplers.json')).config);
  const [x0, noise, timesteps] = [await reference.read('x0'), await reference.read('noise'), await reference.read('timesteps')];
  const ours = {
    alphas_cumprod: scheduler.alphasCumprod,
    add_noise: scheduler.addNoise(x0, noise, timesteps),
    velocity: scheduler.getVelocity(x0, noise, timesteps),
  };
  const pairs = await Promise.all(
    Object.entries(ours).map(async ([name, values]) => ({ name, ours: values, theirs: await reference.read(name) })),
  );
  return worstCase('noise-scheduler', pairs, tolerance);
}

export async function* samplerCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const { fake_model: formula, config, timesteps } = await folder.json<SamplerReference>('samplers.json');
  const reference = await folder.tensors('samplers.safetensors');
  const inputs = { config, model: parseFormula(formula), start: await reference.read('x_init') };
  for (const [key, expected] of Object.entries(timesteps)) {
    yield* guarded(`samplers.${key}`, sampling(key, expected, inputs, reference));
  }
  yield await noiseScheduler(folder);
}
