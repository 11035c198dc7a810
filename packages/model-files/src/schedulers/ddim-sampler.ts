// Deterministic DDIM (arXiv 2010.02502, equation 12 with eta 0).
import { alphasCumprod } from './noise-schedule.ts';
import { BaseSampler, combine, predictedNoise, predictedOriginal } from './sampler.ts';
import {
  booleanField,
  choiceField,
  noiseScheduleConfig,
  numberField,
  refuse,
  wholeNumberField,
  type SchedulerConfig,
} from './scheduler-config.ts';
import { ascendingTimesteps, type Spacing } from './spacing.ts';

export class DDIMSampler extends BaseSampler {
  readonly #alphasCumprod: Float32Array;
  readonly #finalAlphaCumprod: number;
  readonly #clipRange: number;
  readonly #spacing: Spacing;
  #stride = 0;

  constructor(config: SchedulerConfig) {
    super(config);
    refuse(config, 'ddim', ['thresholding']);
    this.#alphasCumprod = alphasCumprod(noiseScheduleConfig(config));
    this.#finalAlphaCumprod = booleanField(config, 'set_alpha_to_one', true) ? 1 : this.#alphasCumprod[0]!;
    // Upstream's default is to clip, but its latent pipelines turn that off, because latents are not bounded by 1.
    this.#clipRange = booleanField(config, 'clip_sample', false) ? numberField(config, 'clip_sample_range', 1) : Infinity;
    this.#spacing = {
      spacing: choiceField(config, 'timestep_spacing', 'leading', ['leading', 'trailing', 'linspace']),
      numTrainTimesteps: this.numTrainTimesteps,
      stepsOffset: wholeNumberField(config, 'steps_offset', 0, 0),
    };
  }

  protected startRun(steps: number): readonly number[] {
    this.#stride = Math.floor(this.numTrainTimesteps / steps);
    return ascendingTimesteps(steps, this.#spacing).reverse();
  }

  addNoise(original: Float32Array, noise: Float32Array): Float32Array {
    const alphaBar = this.#alphasCumprod[this.timestep]!;
    return combine(Math.sqrt(alphaBar), original, Math.sqrt(1 - alphaBar), noise);
  }

  protected advance(modelOutput: Float32Array, sample: Float32Array): Float32Array {
    const previous = this.timestep - this.#stride;
    const alphaBar = this.#alphasCumprod[this.timestep]!;
    const alphaBarPrevious = previous >= 0 ? this.#alphasCumprod[previous]! : this.#finalAlphaCumprod;
    const alpha = Math.sqrt(alphaBar);
    const sigma = Math.sqrt(1 - alphaBar);
    const original = predictedOriginal(this.predictionType, modelOutput, sample, alpha, sigma);
    if (this.#clipRange !== Infinity) {
      for (let i = 0; i < original.length; i++) original[i] = Math.min(Math.max(original[i]!, -this.#clipRange), this.#clipRange);
    }
    const noise = predictedNoise(this.predictionType, modelOutput, sample, alpha, sigma);
    return combine(Math.sqrt(alphaBarPrevious), original, Math.sqrt(1 - alphaBarPrevious), noise);
  }
}
