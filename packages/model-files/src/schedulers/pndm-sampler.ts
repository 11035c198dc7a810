// PNDM (arXiv 2202.09778): linear multistep, after three Runge-Kutta steps unless skip_prk_steps is set.
import { alphasCumprod } from './noise-schedule.ts';
import { BaseSampler, combine } from './sampler.ts';
import { booleanField, choiceField, noiseScheduleConfig, wholeNumberField, type SchedulerConfig } from './scheduler-config.ts';
import { ascendingTimesteps, type Spacing } from './spacing.ts';

const { fround } = Math;

/** Adams-Bashforth weights, newest prediction first, by the number of available predictions. */
const adamsBashforth: readonly (readonly number[])[] = [
  [],
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

const rungeKutta = [1 / 6, 1 / 3, 1 / 3, 1 / 6];

export class PNDMSampler extends BaseSampler {
  readonly #alphasCumprod: Float32Array;
  readonly #finalAlphaCumprod: number;
  readonly #skipRungeKutta: boolean;
  readonly #spacing: Spacing;
  #stride = 0;
  #rungeKuttaSteps: readonly number[] = [];
  #answers: Float32Array[] = [];
  #firstSample = new Float32Array(0);
  #averaged = new Float32Array(0);

  constructor(config: SchedulerConfig) {
    super(config);
    this.#alphasCumprod = alphasCumprod({ ...noiseScheduleConfig(config), rescale_betas_zero_snr: false });
    this.#finalAlphaCumprod = booleanField(config, 'set_alpha_to_one', false) ? 1 : this.#alphasCumprod[0]!;
    this.#skipRungeKutta = booleanField(config, 'skip_prk_steps', false);
    this.#spacing = {
      spacing: choiceField(config, 'timestep_spacing', 'leading', ['leading', 'trailing', 'linspace']),
      numTrainTimesteps: this.numTrainTimesteps,
      stepsOffset: wholeNumberField(config, 'steps_offset', 0, 0),
    };
  }

  protected startRun(steps: number): readonly number[] {
    this.#stride = Math.floor(this.numTrainTimesteps / steps);
    this.#answers = [];
    const ascending = ascendingTimesteps(steps, this.#spacing);
    const half = Math.floor(this.#stride / 2);
    // Runge-Kutta needs four points, with a timestep between each two.
    if (this.#skipRungeKutta || steps < 4 || half === 0) {
      // The second point is visited twice: the mean of both slopes corrects an Euler step.
      this.#rungeKuttaSteps = [];
      return [...ascending.slice(0, -1), ...ascending.slice(-2, -1), ...ascending.slice(-1)].reverse();
    }
    const last = this.numTrainTimesteps - 1;
    const points = ascending.slice(-4).flatMap((timestep) => [timestep, Math.min(timestep + half, last)]);
    const twice = points.slice(0, -1).flatMap((timestep) => [timestep, timestep]);
    this.#rungeKuttaSteps = twice.slice(1, -1).reverse();
    return [...this.#rungeKuttaSteps, ...ascending.slice(0, -3).reverse()];
  }

  addNoise(original: Float32Array, noise: Float32Array): Float32Array {
    const alphaBar = this.#alphasCumprod[Math.min(this.timestep, this.numTrainTimesteps - 1)]!;
    return combine(Math.sqrt(alphaBar), original, Math.sqrt(1 - alphaBar), noise);
  }

  /** The start of a step at `index`. A Runge-Kutta step has four stages; without those steps the first two timesteps belong together. */
  protected override entryAt(index: number): number {
    if (index < this.#rungeKuttaSteps.length) return index - (index % 4);
    return this.#rungeKuttaSteps.length === 0 && index === 1 ? 0 : index;
  }

  protected advance(modelOutput: Float32Array, sample: Float32Array): Float32Array {
    return this.stepIndex < this.#rungeKuttaSteps.length ? this.#rungeKuttaStep(modelOutput, sample) : this.#multistep(modelOutput, sample);
  }

  #rungeKuttaStep(modelOutput: Float32Array, sample: Float32Array): Float32Array {
    const stage = this.stepIndex % 4;
    const previous = this.timestep - (stage % 2 === 1 ? 0 : Math.floor(this.#stride / 2));
    const start = this.#rungeKuttaSteps[this.stepIndex - stage]!;
    if (stage === 0) {
      this.#averaged = new Float32Array(sample.length);
      this.#answers.push(Float32Array.from(modelOutput));
      this.#firstSample = Float32Array.from(sample);
    }
    this.#averaged = combine(1, this.#averaged, rungeKutta[stage]!, modelOutput);
    return this.#transfer(this.#firstSample, start, previous, stage === 3 ? this.#averaged : modelOutput);
  }

  #multistep(modelOutput: Float32Array, sample: Float32Array): Float32Array {
    if (this.stepIndex === 1 && this.#rungeKuttaSteps.length === 0) {
      const mean = combine(0.5, modelOutput, 0.5, this.#answers[0]!);
      return this.#transfer(this.#firstSample, this.timestep + this.#stride, this.timestep, mean);
    }
    if (this.stepIndex === 0) this.#firstSample = Float32Array.from(sample);
    this.#answers = [...this.#answers.slice(-3), Float32Array.from(modelOutput)];
    const weights = adamsBashforth[this.#answers.length]!;
    let slope = new Float32Array(sample.length);
    for (const [age, weight] of weights.entries()) slope = combine(1, slope, weight, this.#answers.at(-1 - age)!);
    return this.#transfer(sample, this.timestep, this.timestep - this.#stride, slope);
  }

  /** Equation 9 of the paper, rounded like the reference: with very little signal left, its terms almost cancel. */
  #transfer(sample: Float32Array, from: number, to: number, modelOutput: Float32Array): Float32Array {
    const alphaBar = this.#alphasCumprod[Math.min(from, this.numTrainTimesteps - 1)]!;
    const alphaBarTo = to >= 0 ? this.#alphasCumprod[to]! : this.#finalAlphaCumprod;
    const betaBar = fround(1 - alphaBar);
    const rootAlpha = fround(Math.sqrt(alphaBar));
    const rootBeta = fround(Math.sqrt(betaBar));
    const noiseIn = this.#noiseReader(rootAlpha, rootBeta);
    const keep = fround(Math.sqrt(fround(alphaBarTo / alphaBar)));
    const gain = fround(alphaBarTo - alphaBar);
    const product = fround(fround(alphaBar * betaBar) * alphaBarTo);
    const denominator = fround(fround(alphaBar * fround(Math.sqrt(fround(1 - alphaBarTo)))) + fround(Math.sqrt(product)));
    return sample.map((value, i) => {
      const noise = noiseIn(modelOutput[i]!, value);
      return fround(keep * value) - fround(fround(gain * noise) / denominator);
    });
  }

  /** Converts the model's prediction to noise. */
  #noiseReader(rootAlpha: number, rootBeta: number): (prediction: number, value: number) => number {
    switch (this.predictionType) {
      case 'epsilon':
        return (prediction) => prediction;
      case 'v_prediction':
        return (prediction, value) => fround(fround(rootAlpha * prediction) + fround(rootBeta * value));
      case 'sample':
        return (prediction, value) => fround(fround(value - fround(rootAlpha * prediction)) / rootBeta);
    }
  }
}
