// UniPC: a multistep predictor and a corrector of the same order (arXiv 2302.04867, algorithms 5 and 7).
import { combine, predictedNoise, predictedOriginal } from './sampler.ts';
import { booleanField, choiceField, wholeNumberField, type SchedulerConfig } from './scheduler-config.ts';
import { SigmaSampler } from './sigma-sampler.ts';
import { interpolate, signalAndNoise } from './sigmas.ts';
import { descendingTimesteps, roundHalfToEven } from './spacing.ts';

/** Gaussian elimination with partial pivoting, for the two or three equations of one step. */
function solve(matrix: number[][], rightSide: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, rightSide[i]!]);
  for (let column = 0; column < rows.length; column++) {
    let pivot = column;
    for (let row = column + 1; row < rows.length; row++) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = column + 1; row < rows.length; row++) {
      const factor = rows[row]![column]! / rows[column]![column]!;
      rows[row] = rows[row]!.map((value, i) => value - factor * rows[column]![i]!);
    }
  }
  const solution: number[] = new Array<number>(rows.length).fill(0);
  for (let row = rows.length - 1; row >= 0; row--) {
    const known = solution.reduce((sum, value, i) => sum + value * rows[row]![i]!, 0);
    solution[row] = (rows[row]![rows.length]! - known) / rows[row]![row]!;
  }
  return solution;
}

export class UniPCSampler extends SigmaSampler {
  readonly #maxOrder: number;
  readonly #bh1: boolean;
  readonly #predictX0: boolean;
  readonly #lowerOrderFinal: boolean;
  readonly #disableCorrector: readonly number[];
  /** Converted predictions of the model, newest last. */
  #answers: Float32Array[] = [];
  #lastSample = new Float32Array(0);
  #order = 0;

  constructor(config: SchedulerConfig) {
    super(config, 'unipc');
    this.#maxOrder = wholeNumberField(config, 'solver_order', 2, 1);
    const solvers = ['bh2', 'bh1', 'midpoint', 'heun', 'logrho'] as const;
    this.#bh1 = choiceField(config, 'solver_type', 'bh2', solvers) === 'bh1';
    this.#predictX0 = booleanField(config, 'predict_x0', true);
    this.#lowerOrderFinal = booleanField(config, 'lower_order_final', true);
    this.#disableCorrector = Array.isArray(config.disable_corrector) ? config.disable_corrector : [];
  }

  protected startRun(steps: number): readonly number[] {
    this.#answers = [];
    this.#order = 0;
    const least = this.trainingSigmas[0]!;
    if (this.sigmaSchedule !== 'timesteps') {
      const { sigmas, timesteps } = this.respaced(this.trainingSigmas.at(-1)!, least, steps);
      this.sigmas = this.withFinalSigma(sigmas, sigmas.at(-1)!);
      return timesteps.map(this.sigmaSchedule === 'karras' ? roundHalfToEven : Math.trunc);
    }
    const timesteps = descendingTimesteps(steps, this.spacing);
    this.sigmas = this.withFinalSigma(
      timesteps.map((timestep) => interpolate(timestep, this.trainingSigmas)),
      least,
    );
    return timesteps;
  }

  protected advance(modelOutput: Float32Array, sample: Float32Array): Float32Array {
    const { alpha, sigma } = signalAndNoise(this.sigmas[this.stepIndex]!);
    const convert = this.#predictX0 ? predictedOriginal : predictedNoise;
    const answer = convert(this.predictionType, modelOutput, sample, alpha, sigma);
    const corrects = this.#answers.length > 0 && !this.#disableCorrector.includes(this.stepIndex - 1);
    const corrected = corrects ? this.#solveStep(this.stepIndex, this.#order, this.#lastSample, answer) : Float32Array.from(sample);
    this.#answers = [...this.#answers, answer].slice(-this.#maxOrder);
    const stepsLeft = this.timesteps.length - this.stepIndex;
    const order = this.#lowerOrderFinal ? Math.min(this.#maxOrder, stepsLeft) : this.#maxOrder;
    this.#order = Math.min(order, this.#answers.length);
    this.#lastSample = corrected;
    return this.#solveStep(this.stepIndex + 1, this.#order, corrected, undefined);
  }

  /** The sample at level `target`, from the one at the previous level, which is corrected if the prediction there is known. */
  #solveStep(target: number, order: number, sample: Float32Array, answerThere: Float32Array | undefined): Float32Array<ArrayBuffer> {
    const to = signalAndNoise(this.sigmas[target]!);
    const from = signalAndNoise(this.sigmas[target - 1]!);
    const h = to.lambda - from.lambda;
    const hh = this.#predictX0 ? -h : h;
    const phi1 = Math.expm1(hh);
    const scale = this.#bh1 ? hh : phi1;
    const ratios = Array.from({ length: order - 1 }, (_, i) => {
      return (signalAndNoise(this.sigmas[target - 2 - i]!).lambda - from.lambda) / h;
    });
    const weights = this.#weights([...ratios, 1], hh, phi1, scale, answerThere !== undefined);
    const newest = this.#answers.at(-1)!;
    const [keep, gain] = this.#predictX0 ? [to.sigma / from.sigma, to.alpha] : [to.alpha / from.alpha, to.sigma];
    const next = combine(keep, sample, -gain * phi1, newest);
    const add = (weight: number, other: Float32Array) => {
      for (let i = 0; i < next.length; i++) next[i]! -= gain * scale * weight * (other[i]! - newest[i]!);
    };
    for (const [i, ratio] of ratios.entries()) add(weights[i]! / ratio, this.#answers.at(-2 - i)!);
    if (answerThere) add(weights.at(-1)!, answerThere);
    return next;
  }

  #weights(ratios: number[], hh: number, phi1: number, scale: number, corrects: boolean): number[] {
    const order = ratios.length;
    // Upstream uses one half here instead of solving; at second order both agree up to the order of the method.
    if (corrects ? order === 1 : order <= 2) return [0.5];
    const rightSide: number[] = [];
    let phi = phi1 / hh - 1;
    for (let i = 1, factorial = 1; i <= order; i++) {
      rightSide.push((phi * factorial) / scale);
      factorial *= i + 1;
      phi = phi / hh - 1 / factorial;
    }
    const size = corrects ? order : order - 1;
    const matrix = Array.from({ length: size }, (_, power) => ratios.slice(0, size).map((ratio) => ratio ** power));
    return solve(matrix, rightSide.slice(0, size));
  }
}
