// samplers.json and noise-scheduler.safetensors: every sampler on a closed-form model, and the forward process.
import { createSampler, DDPMScheduler, isSamplerName, type SchedulerConfig } from '@styleforge/diffusion';
import { relativeCase, worstCase, type CaseResult } from './case-result.ts';
import { parseFormula } from './formula.ts';
import type { ReferenceFolder } from './reference-folder.ts';

const tolerance = 1e-4;

interface SamplerReference {
  fake_model: string;
  config: SchedulerConfig;
  timesteps: Record<string, number[]>;
}

// samplers.json states what its samplers share. These two were made as Stable Diffusion checkpoints configure them.
const stableDiffusion: Record<string, SchedulerConfig> = {
  ddim: { clip_sample: false, set_alpha_to_one: false, steps_offset: 1 },
  pndm: { skip_prk_steps: true, set_alpha_to_one: false, steps_offset: 1 },
};

async function* sampling(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const { fake_model: formula, config, timesteps } = await folder.json<SamplerReference>('samplers.json');
  const reference = await folder.tensors('samplers.safetensors');
  const model = parseFormula(formula);
  const start = await reference.read('x_init');
  for (const [key, expected] of Object.entries(timesteps)) {
    const [, family, steps] = /^(.*)\.(\d+)$/.exec(key) ?? [];
    const name = family?.replace(/_karras$/, 'karras') ?? key;
    if (!isSamplerName(name)) throw new Error(`samplers.json names the unknown sampler ${key}`);
    const sampler = createSampler(name, { ...stableDiffusion[name], ...config });
    sampler.setTimesteps(Number(steps));
    yield relativeCase(`samplers.${key}.timesteps`, sampler.timesteps, expected, tolerance);
    let sample = start.map((value) => value * sampler.initNoiseSigma);
    for (const t of sampler.timesteps) {
      sample = Float32Array.from(sampler.step(model(sampler.scaleModelInput(sample, t), t), t, sample));
    }
    yield relativeCase(`samplers.${key}`, sample, await reference.read(key), tolerance);
  }
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
  yield* sampling(folder);
  yield await noiseScheduler(folder);
}
