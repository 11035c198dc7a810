// The forward process of training: it adds noise to latents and computes what the model must predict.
import { alphasCumprod } from './noise-schedule.ts';
import { noiseScheduleConfig, type PredictionType, type SchedulerConfig } from './scheduler-config.ts';

type Combination = (sample: number, noise: number, signal: number, sigma: number) => number;

export class DDPMScheduler {
  readonly alphasCumprod: Float32Array;
  readonly numTrainTimesteps: number;
  readonly predictionType: PredictionType;

  constructor(config: SchedulerConfig) {
    const schedule = noiseScheduleConfig(config);
    this.alphasCumprod = alphasCumprod(schedule);
    this.numTrainTimesteps = schedule.num_train_timesteps;
    this.predictionType = schedule.prediction_type;
  }

  /** Adds noise. Each sample of the batch has a timestep of its own; the samples follow each other in the array. */
  addNoise(samples: Float32Array, noise: Float32Array, timesteps: ArrayLike<number>): Float32Array {
    return this.#combine(samples, noise, timesteps, (x, e, signal, sigma) => signal * x + sigma * e);
  }

  /** The velocity v = sqrt(abar) noise - sqrt(1 - abar) x (arXiv 2202.00512). */
  getVelocity(samples: Float32Array, noise: Float32Array, timesteps: ArrayLike<number>): Float32Array {
    return this.#combine(samples, noise, timesteps, (x, e, signal, sigma) => signal * e - sigma * x);
  }

  /** The correct prediction of the model. */
  target(samples: Float32Array, noise: Float32Array, timesteps: ArrayLike<number>): Float32Array {
    if (this.predictionType === 'epsilon') return noise;
    return this.predictionType === 'sample' ? samples : this.getVelocity(samples, noise, timesteps);
  }

  /** Signal-to-noise ratio of each timestep. */
  snr(timesteps: ArrayLike<number>): Float32Array {
    return Float32Array.from(timesteps, (timestep) => {
      const alphaBar = this.#alphaBar(timestep);
      return alphaBar / (1 - alphaBar);
    });
  }

  #alphaBar(timestep: number): number {
    const alphaBar = this.alphasCumprod[timestep];
    if (alphaBar === undefined) {
      throw new RangeError(`timestep ${timestep} is not a whole number from 0 to ${this.numTrainTimesteps - 1}`);
    }
    return alphaBar;
  }

  #combine(samples: Float32Array, noise: Float32Array, timesteps: ArrayLike<number>, combination: Combination): Float32Array {
    const perSample = samples.length / timesteps.length;
    if (samples.length !== noise.length || !Number.isInteger(perSample)) {
      throw new RangeError(`${samples.length} sample values, ${noise.length} noise values and ${timesteps.length} timesteps do not fit`);
    }
    const combined = new Float32Array(samples.length);
    for (let batch = 0; batch < timesteps.length; batch++) {
      const alphaBar = this.#alphaBar(timesteps[batch]!);
      const signal = Math.sqrt(alphaBar);
      const sigma = Math.sqrt(1 - alphaBar);
      for (let i = batch * perSample; i < (batch + 1) * perSample; i++) {
        combined[i] = combination(samples[i]!, noise[i]!, signal, sigma);
      }
    }
    return combined;
  }
}
