// Code shared by all samplers: counted and checked steps of a run, and the conversion of the model's prediction.
import { noiseScheduleConfig, type PredictionType, type SchedulerConfig } from './scheduler-config.ts';

export interface Sampler {
  /** Starts a run and forgets any earlier one. */
  setTimesteps(steps: number): void;
  readonly timesteps: readonly number[];
  /** Skips the first steps of the run, so that it starts from a noisy image; a strength of 1 skips none. */
  startFrom(strength: number): void;
  /** Timesteps that remain. */
  readonly remaining: readonly number[];
  /** Adds the noise that the next step expects to `original`. */
  addNoise(original: Float32Array, noise: Float32Array): Float32Array;
  /** Factor of the standard normal noise that is the first sample. */
  readonly initNoiseSigma: number;
  scaleModelInput(sample: Float32Array, timestep: number): Float32Array;
  /** The next sample, in a new array. The timesteps must be used in their order, each once. */
  step(modelOutput: Float32Array, timestep: number, sample: Float32Array): Float32Array;
}

export abstract class BaseSampler implements Sampler {
  readonly numTrainTimesteps: number;
  readonly predictionType: PredictionType;
  #timesteps: readonly number[] = [];
  #stepIndex = 0;

  constructor(config: SchedulerConfig) {
    const schedule = noiseScheduleConfig(config);
    this.numTrainTimesteps = schedule.num_train_timesteps;
    this.predictionType = schedule.prediction_type;
  }

  get timesteps(): readonly number[] {
    return this.#timesteps;
  }

  get initNoiseSigma(): number {
    return 1;
  }

  setTimesteps(steps: number): void {
    if (!Number.isSafeInteger(steps) || steps < 1 || steps > this.numTrainTimesteps) {
      throw new RangeError(`steps must be a whole number from 1 to ${this.numTrainTimesteps}, not ${steps}`);
    }
    this.#timesteps = this.startRun(steps);
    this.#stepIndex = 0;
  }

  startFrom(strength: number): void {
    if (!(strength > 0 && strength <= 1)) throw new RangeError(`strength must be above 0 and at most 1, not ${strength}`);
    const count = this.#timesteps.length;
    const taken = Math.min(count, Math.max(1, Math.floor(count * strength)));
    this.#stepIndex = this.entryAt(count - taken);
  }

  get remaining(): readonly number[] {
    return this.#timesteps.slice(this.#stepIndex);
  }

  scaleModelInput(sample: Float32Array, timestep: number): Float32Array {
    this.requireTurnOf(timestep);
    return sample;
  }

  abstract addNoise(original: Float32Array, noise: Float32Array): Float32Array;

  /** The last step before or at `index` at which a run can start. */
  protected entryAt(index: number): number {
    return index;
  }

  step(modelOutput: Float32Array, timestep: number, sample: Float32Array): Float32Array {
    this.requireTurnOf(timestep);
    if (modelOutput.length !== sample.length) {
      throw new RangeError(`the model computed ${modelOutput.length} values for a sample of ${sample.length}`);
    }
    const next = this.advance(modelOutput, sample);
    this.#stepIndex++;
    return next;
  }

  /** Resets the state of a run and returns its timesteps. */
  protected abstract startRun(steps: number): readonly number[];

  protected abstract advance(modelOutput: Float32Array, sample: Float32Array): Float32Array;

  protected get stepIndex(): number {
    return this.#stepIndex;
  }

  protected get timestep(): number {
    return this.#timesteps[this.#stepIndex]!;
  }

  private requireTurnOf(timestep: number): void {
    if (this.#timesteps.length === 0) throw new Error('call setTimesteps before sampling');
    const expected = this.#timesteps[this.#stepIndex];
    if (expected === undefined) throw new Error('the run is over: call setTimesteps for another');
    if (timestep !== expected) throw new Error(`step ${this.#stepIndex} is at timestep ${expected}, not ${timestep}`);
  }
}

/** a x + b y, elementwise. */
export function combine(a: number, x: Float32Array, b: number, y: Float32Array): Float32Array<ArrayBuffer> {
  const combined = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) combined[i] = a * x[i]! + b * y[i]!;
  return combined;
}

/** Converts the model's prediction to the clean sample, at signal scale alpha and noise scale sigma. */
export function predictedOriginal(
  type: PredictionType,
  modelOutput: Float32Array,
  sample: Float32Array,
  alpha: number,
  sigma: number,
): Float32Array<ArrayBuffer> {
  switch (type) {
    case 'epsilon':
      return combine(1 / alpha, sample, -sigma / alpha, modelOutput);
    case 'v_prediction':
      return combine(alpha, sample, -sigma, modelOutput);
    case 'sample':
      return Float32Array.from(modelOutput);
  }
}

/** Converts the model's prediction to noise. */
export function predictedNoise(
  type: PredictionType,
  modelOutput: Float32Array,
  sample: Float32Array,
  alpha: number,
  sigma: number,
): Float32Array<ArrayBuffer> {
  switch (type) {
    case 'epsilon':
      return Float32Array.from(modelOutput);
    case 'v_prediction':
      return combine(alpha, modelOutput, sigma, sample);
    case 'sample':
      return combine(1 / sigma, sample, -alpha / sigma, modelOutput);
  }
}
