// Creates samplers by the names in requests and configs.
import { DDIMSampler } from './ddim-sampler.ts';
import { DPMSolverSampler } from './dpm-solver-sampler.ts';
import { EulerSampler } from './euler-sampler.ts';
import { PNDMSampler } from './pndm-sampler.ts';
import type { Sampler } from './sampler.ts';
import type { SchedulerConfig } from './scheduler-config.ts';
import { UniPCSampler } from './unipc-sampler.ts';

export const samplerNames = ['ddim', 'pndm', 'dpmsolver++', 'dpmsolver++karras', 'euler', 'unipc'] as const;
export type SamplerName = (typeof samplerNames)[number];

export function isSamplerName(name: string): name is SamplerName {
  return (samplerNames as readonly string[]).includes(name);
}

// A scheduler_config.json of one sampler may be used for another one, for which these fields have another meaning.
const ownFields = [
  ...['solver_order', 'solver_type', 'algorithm_type', 'lower_order_final'],
  ...['use_karras_sigmas', 'use_exponential_sigmas', 'final_sigmas_type'],
];
const ownClass: Partial<Record<SamplerName, RegExp>> = {
  'dpmsolver++': /^DPMSolver/,
  'dpmsolver++karras': /^DPMSolver/,
  euler: /^Euler/,
  unipc: /^UniPC/,
};

function withoutForeignFields(name: SamplerName, config: SchedulerConfig): SchedulerConfig {
  const className = config._class_name;
  if (typeof className !== 'string' || ownClass[name]?.test(className)) return config;
  return Object.fromEntries(Object.entries(config).filter(([field]) => !ownFields.includes(field)));
}

/** Creates a sampler. `config` is the content of a checkpoint's scheduler_config.json. */
export function createSampler(name: SamplerName, config: SchedulerConfig): Sampler {
  const own = withoutForeignFields(name, config);
  switch (name) {
    case 'ddim':
      return new DDIMSampler(own);
    case 'pndm':
      return new PNDMSampler(own);
    case 'dpmsolver++':
      return new DPMSolverSampler({ ...own, use_karras_sigmas: false });
    case 'dpmsolver++karras':
      return new DPMSolverSampler({ ...own, use_karras_sigmas: true, use_exponential_sigmas: false });
    case 'euler':
      return new EulerSampler(own);
    case 'unipc':
      return new UniPCSampler(own);
  }
}
