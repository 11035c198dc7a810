// Euler's method on the probability flow ODE (arXiv 2206.00364, algorithm 2 without churn).
import { refuse, numberField, type SchedulerConfig } from './scheduler-config.ts';
import { SigmaSampler } from './sigma-sampler.ts';
import { combine } from './sampler.ts';
import { interpolate } from './sigmas.ts';
import { leading, linspace, roundHalfToEven } from './spacing.ts';

const { fround } = Math;

export class EulerSampler extends SigmaSampler {
  readonly #sigmaMin: number | undefined;
  readonly #sigmaMax: number | undefined;

  constructor(config: SchedulerConfig) {
    super(config, 'euler');
    if (config.interpolation_type === 'log_linear') refuse(config, 'euler', ['interpolation_type']);
    if (config.timestep_type === 'continuous') refuse(config, 'euler', ['timestep_type']);
    this.#sigmaMin = typeof config.sigma_min === 'number' ? numberField(config, 'sigma_min', 0) : undefined;
    this.#sigmaMax = typeof config.sigma_max === 'number' ? numberField(config, 'sigma_max', 0) : undefined;
  }

  override get initNoiseSigma(): number {
    const largest = this.sigmas.length > 0 ? Math.max(...this.sigmas) : this.trainingSigmas.at(-1)!;
    return this.spacing.spacing === 'leading' ? Math.sqrt(largest * largest + 1) : largest;
  }

  override addNoise(original: Float32Array, noise: Float32Array): Float32Array {
    return combine(1, original, this.sigmas[this.stepIndex]!, noise);
  }

  override scaleModelInput(sample: Float32Array, timestep: number): Float32Array {
    super.scaleModelInput(sample, timestep);
    const sigma = this.sigmas[this.stepIndex]!;
    const scale = fround(Math.sqrt(fround(fround(sigma * sigma) + 1)));
    return sample.map((value) => value / scale);
  }

  protected startRun(steps: number): readonly number[] {
    const timesteps = this.#timesteps(steps).map(Math.fround);
    const sigmas = timesteps.map((timestep) => interpolate(timestep, this.trainingSigmas));
    const least = this.trainingSigmas[0]!;
    if (this.sigmaSchedule === 'timesteps') {
      this.sigmas = this.withFinalSigma(sigmas, least);
      return timesteps;
    }
    const respaced = this.respaced(this.#sigmaMax ?? sigmas[0]!, this.#sigmaMin ?? sigmas.at(-1)!, steps);
    this.sigmas = this.withFinalSigma(respaced.sigmas, least);
    return respaced.timesteps.map(Math.fround);
  }

  /** Timesteps, which are fractional, unlike those of the other samplers. */
  #timesteps(steps: number): number[] {
    const { spacing, numTrainTimesteps } = this.spacing;
    switch (spacing) {
      case 'linspace':
        return linspace(0, numTrainTimesteps - 1, steps).reverse();
      case 'leading':
        return leading(steps, Math.floor(numTrainTimesteps / steps), 0, this.spacing);
      case 'trailing': {
        const ratio = numTrainTimesteps / steps;
        return Array.from({ length: steps }, (_, i) => roundHalfToEven(numTrainTimesteps - i * ratio) - 1);
      }
    }
  }

  protected advance(modelOutput: Float32Array, sample: Float32Array): Float32Array {
    const sigma = this.sigmas[this.stepIndex]!;
    const dt = fround(this.sigmas[this.stepIndex + 1]! - sigma);
    const original = this.#original(modelOutput, sample, sigma);
    // Sigma can be in the tens of thousands, where the rounding of each operation matters: the order of operations is that of the
    // reference.
    return sample.map((value, i) => value + fround(fround(fround(value - original[i]!) / sigma) * dt));
  }

  #original(modelOutput: Float32Array, sample: Float32Array, sigma: number): Float32Array {
    switch (this.predictionType) {
      case 'epsilon':
        return sample.map((value, i) => value - fround(sigma * modelOutput[i]!));
      case 'sample':
        return modelOutput;
      case 'v_prediction': {
        const variance = fround(fround(sigma * sigma) + 1);
        const scale = fround(-sigma / fround(Math.sqrt(variance)));
        return sample.map((value, i) => fround(modelOutput[i]! * scale) + fround(value / variance));
      }
    }
  }
}
