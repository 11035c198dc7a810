// Checks that every sampler supports a scheduler config, for as many steps as a request may ask for, before anything is generated with it.
import { createSampler, samplerNames, type SamplerName } from './create-sampler.ts';
import { alphasCumprod } from './noise-schedule.ts';
import { noiseScheduleConfig, type SchedulerConfig, SchedulerConfigError } from './scheduler-config.ts';

/** Maximum number of steps in a request. */
const MOST_STEPS = 1000;
const TRIED_STEPS = [1, 2, 3, 4, 5, 30, MOST_STEPS - 1, MOST_STEPS];
/** Schedulers for other kinds of models, whose noise is not described by betas. */
const OTHER_KINDS = /^(FlowMatch|EDM|Karras|VQDiffusion|ConsistencyDecoder|IPNDM)/;

function tryRun(name: SamplerName, config: SchedulerConfig, steps: number): void {
  const sampler = createSampler(name, config);
  sampler.setTimesteps(steps);
  let sample = Float32Array.of(1, -1).map((value) => value * sampler.initNoiseSigma);
  for (const timestep of sampler.timesteps) {
    sampler.scaleModelInput(sample, timestep);
    sample = Float32Array.from(sampler.step(Float32Array.of(0.1, -0.2), timestep, sample));
  }
  if (!sample.every(Number.isFinite)) throw new SchedulerConfigError(`${name} does not end in finite numbers in ${steps} steps`);
}

/** Throws a SchedulerConfigError that names the field, and the sampler if only one is affected. */
export function checkSamplers(config: SchedulerConfig): void {
  const className = String(config._class_name ?? '');
  if (OTHER_KINDS.test(className))
    throw new SchedulerConfigError(`_class_name ${className} is of another kind of model; Stable Diffusion's schedules have betas`);
  const schedule = noiseScheduleConfig(config);
  if (schedule.num_train_timesteps < MOST_STEPS)
    throw new SchedulerConfigError(
      `num_train_timesteps is ${schedule.num_train_timesteps}; at least ${MOST_STEPS} are needed, as many as a request may ask steps`,
    );
  if (schedule.rescale_betas_zero_snr && schedule.prediction_type === 'epsilon')
    throw new SchedulerConfigError(
      'prediction_type epsilon says nothing about the last timestep, which rescale_betas_zero_snr makes pure noise; ' +
        'set v_prediction, if the model was trained so, or rescale_betas_zero_snr to false',
    );
  const betas = schedule.trained_betas ?? [schedule.beta_start, schedule.beta_end];
  if (!betas.every((beta) => beta > 0 && beta < 1) || !alphasCumprod(schedule).every((alphaBar) => alphaBar >= 0 && alphaBar < 1))
    throw new SchedulerConfigError('the betas are not all between 0 and 1; see beta_start, beta_end and trained_betas');
  for (const name of samplerNames) for (const steps of TRIED_STEPS) trySampler(name, config, steps);
}

function trySampler(name: SamplerName, config: SchedulerConfig, steps: number): void {
  try {
    tryRun(name, config, steps);
  } catch (error) {
    if (error instanceof SchedulerConfigError && error.message.includes(name)) throw error;
    const message = (error as Error).message.replace(/^scheduler config: /, '');
    throw new SchedulerConfigError(`the sampler ${name} refuses it: ${message}`);
  }
}
