// Noise schedules for training and samplers for generation.
export { DDPMScheduler } from './ddpm-scheduler.ts';
export { createSampler, isSamplerName, samplerNames, type SamplerName } from './create-sampler.ts';
export type { Sampler } from './sampler.ts';
export { SchedulerConfigError, type PredictionType, type SchedulerConfig } from './scheduler-config.ts';
export { checkSamplers } from './check-samplers.ts';
