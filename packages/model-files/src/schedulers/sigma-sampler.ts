// Code shared by samplers that step along noise levels: the levels of a run and their computation.
import { alphasCumprod } from './noise-schedule.ts';
import { BaseSampler, combine } from './sampler.ts';
import {
  booleanField,
  choiceField,
  noiseScheduleConfig,
  refuse,
  wholeNumberField,
  type FinalSigmas,
  SchedulerConfigError,
  type SchedulerConfig,
} from './scheduler-config.ts';
import { exponentialSigmas, karrasSigmas, signalAndNoise, timestepOfSigma, trainingSigmas } from './sigmas.ts';
import type { Spacing } from './spacing.ts';

export type SigmaSchedule = 'timesteps' | 'karras' | 'exponential';

export abstract class SigmaSampler extends BaseSampler {
  protected readonly trainingSigmas: Float32Array;
  protected readonly logSigmas: Float32Array;
  protected readonly finalSigmas: FinalSigmas;
  protected readonly spacing: Spacing;
  protected readonly sigmaSchedule: SigmaSchedule;
  /** Levels of the run: one more than there are steps. */
  protected sigmas = new Float32Array(0);

  constructor(config: SchedulerConfig, name: string) {
    super(config);
    refuse(config, name, ['thresholding', 'use_beta_sigmas', 'use_lu_lambdas', 'use_flow_sigmas', 'use_dynamic_shifting']);
    const schedule = noiseScheduleConfig(config);
    const alphaBars = alphasCumprod(schedule);
    // With zero terminal SNR the last sigma would be infinite; upstream uses the smallest float16 value instead.
    if (schedule.rescale_betas_zero_snr) alphaBars[alphaBars.length - 1] = 2 ** -24;
    this.trainingSigmas = trainingSigmas(alphaBars);
    this.logSigmas = this.trainingSigmas.map(Math.log);
    this.finalSigmas = choiceField(config, 'final_sigmas_type', 'zero', ['zero', 'sigma_min']);
    const karras = booleanField(config, 'use_karras_sigmas', false);
    const exponential = booleanField(config, 'use_exponential_sigmas', false);
    if (karras && exponential) throw new SchedulerConfigError('use_karras_sigmas and use_exponential_sigmas exclude each other');
    this.sigmaSchedule = karras ? 'karras' : exponential ? 'exponential' : 'timesteps';
    this.spacing = {
      spacing: choiceField(config, 'timestep_spacing', 'linspace', ['leading', 'trailing', 'linspace']),
      numTrainTimesteps: this.numTrainTimesteps,
      stepsOffset: wholeNumberField(config, 'steps_offset', 0, 0),
    };
  }

  /** Adds noise in the variance-preserving form; Euler uses the other form. */
  addNoise(original: Float32Array, noise: Float32Array): Float32Array {
    const { alpha, sigma } = signalAndNoise(this.sigmas[this.stepIndex]!);
    return combine(alpha, original, sigma, noise);
  }

  /** Levels between the given ends, with their fractional timesteps. */
  protected respaced(sigmaMax: number, sigmaMin: number, steps: number): { sigmas: number[]; timesteps: number[] } {
    const respace = this.sigmaSchedule === 'karras' ? karrasSigmas : exponentialSigmas;
    const sigmas = respace(sigmaMax, sigmaMin, steps);
    return { sigmas, timesteps: sigmas.map((sigma) => timestepOfSigma(sigma, this.logSigmas)) };
  }

  protected withFinalSigma(sigmas: readonly number[], least: number): Float32Array<ArrayBuffer> {
    return Float32Array.from([...sigmas, this.finalSigmas === 'zero' ? 0 : least]);
  }
}
