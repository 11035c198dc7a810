// DPM-Solver++ 2M, the multistep solver of second order (arXiv 2211.01095, algorithm 2).
import { combine, predictedOriginal } from './sampler.ts';
import {
  booleanField,
  choiceField,
  numberField,
  SchedulerConfigError,
  wholeNumberField,
  type SchedulerConfig,
} from './scheduler-config.ts';
import { SigmaSampler } from './sigma-sampler.ts';
import { interpolate, signalAndNoise } from './sigmas.ts';
import { descendingTimesteps, roundHalfToEven } from './spacing.ts';

const { fround } = Math;

export class DPMSolverSampler extends SigmaSampler {
  readonly #order: number;
  readonly #heun: boolean;
  readonly #lowerOrderFinal: boolean;
  readonly #eulerAtFinal: boolean;
  readonly #lambdaMinClipped: number;
  readonly #roundTimesteps: boolean;
  #previousOriginal: Float32Array | undefined;

  constructor(config: SchedulerConfig) {
    super(config, 'dpmsolver++');
    choiceField(config, 'algorithm_type', 'dpmsolver++', ['dpmsolver++', 'deis']);
    this.#order = wholeNumberField(config, 'solver_order', 2, 1);
    if (this.#order > 2) throw new SchedulerConfigError(`solver_order ${this.#order} of dpmsolver++ is not built; use 2`);
    const solvers = ['midpoint', 'heun', 'logrho', 'bh1', 'bh2'] as const;
    this.#heun = choiceField(config, 'solver_type', 'midpoint', solvers) === 'heun';
    this.#lowerOrderFinal = booleanField(config, 'lower_order_final', true);
    this.#eulerAtFinal = booleanField(config, 'euler_at_final', false);
    this.#lambdaMinClipped = numberField(config, 'lambda_min_clipped', -Infinity);
    this.#roundTimesteps = config.beta_schedule !== 'squaredcos_cap_v2';
  }

  protected startRun(steps: number): readonly number[] {
    this.#previousOriginal = undefined;
    const least = this.trainingSigmas[0]!;
    if (this.sigmaSchedule !== 'timesteps') {
      const { sigmas, timesteps } = this.respaced(this.trainingSigmas.at(-1)!, least, steps);
      this.sigmas = this.withFinalSigma(sigmas, least);
      const rounds = this.#roundTimesteps && this.sigmaSchedule === 'karras';
      return timesteps.map(rounds ? roundHalfToEven : Math.trunc);
    }
    const timesteps = descendingTimesteps(steps, { ...this.spacing, lastTimestep: this.#lastTimestep() });
    this.sigmas = this.withFinalSigma(
      timesteps.map((timestep) => interpolate(timestep, this.trainingSigmas)),
      least,
    );
    return timesteps;
  }

  /** Timesteps whose lambda is below the clip are skipped, because they are almost pure noise. */
  #lastTimestep(): number {
    return this.trainingSigmas.filter((sigma) => signalAndNoise(sigma).lambda >= this.#lambdaMinClipped).length;
  }

  protected advance(modelOutput: Float32Array, sample: Float32Array): Float32Array {
    const from = signalAndNoise(this.sigmas[this.stepIndex]!);
    const to = signalAndNoise(this.sigmas[this.stepIndex + 1]!);
    const original = predictedOriginal(this.predictionType, modelOutput, sample, from.alpha, from.sigma);
    const h = fround(to.lambda - from.lambda);
    const decay = fround(Math.exp(-h)) - 1;
    const next = combine(to.sigma / from.sigma, sample, -to.alpha * decay, original);
    if (this.#previousOriginal && this.#order === 2 && !this.#isLowOrderStep()) {
      const before = signalAndNoise(this.sigmas[this.stepIndex - 1]!);
      const ratio = fround(from.lambda - before.lambda) / h;
      const weight = this.#heun ? to.alpha * (decay / h + 1) : -0.5 * to.alpha * decay;
      for (let i = 0; i < next.length; i++) next[i]! += (weight / ratio) * (original[i]! - this.#previousOriginal[i]!);
    }
    this.#previousOriginal = original;
    return next;
  }

  #isLowOrderStep(): boolean {
    if (this.stepIndex !== this.timesteps.length - 1) return false;
    return this.#eulerAtFinal || this.finalSigmas === 'zero' || (this.#lowerOrderFinal && this.timesteps.length < 15);
  }
}
