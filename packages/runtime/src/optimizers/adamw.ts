// AdamW over parameter buffers, in place.
import { adamW, adamWBFloat16, sumOfSquares, type AdamWFactors, type GradientValues } from './adamw-kernel.ts';
import { createMoments, type MomentPrecision, type Moments } from './moments.ts';
import { type NamedArrays, type ParameterBuffers } from '../kernels/parameter-buffers.ts';

/** Gradients in the layout of the weights: float32, or float16 bits. */
export type GradientBuffers = ParameterBuffers<GradientValues>;

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Default: float32. */
  readonly momentPrecision?: MomentPrecision;
  /** Rates of single parameters. Default: those of the step. */
  readonly ratesOf?: (name: string) => ParameterRates;
}

/** Deviations of one parameter from the rates of a step. */
export interface ParameterRates {
  /** Multiplies the step's learning rate; 1 by default. */
  readonly learningRateScale?: number;
  /** Replaces the step's weight decay. */
  readonly weightDecay?: number;
}

export interface AdamWStep {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Factor for every gradient, applied first: clipping and averaging over accumulated steps. */
  readonly gradientScale?: number;
}

export class AdamW {
  readonly firstMoment: Moments;
  readonly secondMoment: Moments;
  /** Updates made so far. */
  step = 0;
  readonly #weights: ParameterBuffers;
  readonly #options: AdamWOptions;

  constructor(weights: ParameterBuffers, options: AdamWOptions, moments?: readonly [Moments, Moments]) {
    this.#weights = weights;
    this.#options = options;
    const create = (): Moments => createMoments(weights, options.momentPrecision ?? 'float32');
    [this.firstMoment, this.secondMoment] = moments ?? [create(), create()];
  }

  /**
   * The same optimizer for a copy of the weights on another device. With the same `weights`, it shares the moments, and each device copies
   * them. With other weights, it has its own moments.
   */
  replica(weights: ParameterBuffers): AdamW {
    return new AdamW(weights, this.#options, weights === this.#weights ? [this.firstMoment, this.secondMoment] : undefined);
  }

  /** Copies the state of `other`, of which this is a replica. */
  follow(other: AdamW): void {
    this.step = other.step;
    for (const [own, theirs] of [
      [this.firstMoment, other.firstMoment],
      [this.secondMoment, other.secondMoment],
    ]) {
      if (own !== theirs) own.blocks.forEach((block, i) => block.set(theirs.blocks[i]));
    }
  }

  /** The optimizer's values for each weight, by their names in a checkpoint. */
  get arrays(): Readonly<Record<string, NamedArrays>> {
    return { first_moment: this.firstMoment, second_moment: this.secondMoment };
  }

  /** Factor by which the optimizer multiplies the step's learning rate. */
  get rateFactor(): number {
    return 1;
  }

  /** Euclidean norm of all gradients, summed in float64. */
  gradientNorm(gradients: GradientBuffers): number {
    let total = 0;
    for (const [, values] of gradients.entries()) total += sumOfSquares(values);
    return Math.sqrt(total);
  }

  /** Updates every weight once, in place. */
  apply(gradients: GradientBuffers, step: AdamWStep): void {
    this.step += 1;
    this.#weights.specs.forEach(({ name }, index) => {
      const factors = this.factorsOf(name, step);
      const [weight, gradient, first, second] = [
        this.#weights.get(name),
        gradients.get(name),
        this.firstMoment.stored(name),
        this.secondMoment.stored(name),
      ];
      if (first instanceof Float32Array) adamW(weight, gradient, first, second as Float32Array, factors);
      else adamWBFloat16(weight, gradient, first, second as Uint16Array, factors, this.seed + index);
    });
  }

  /** Seed for the rounding of the first parameter's bfloat16 moments in this step. The other seeds are derived from it. */
  get seed(): number {
    return Math.imul(this.step, 0x2545f491);
  }

  /** The factors of one parameter at the current step. */
  factorsOf(name: string, step: AdamWStep): AdamWFactors {
    const { beta1, beta2, epsilon, ratesOf } = this.#options;
    const { learningRateScale = 1, weightDecay = step.weightDecay } = ratesOf?.(name) ?? {};
    const learningRate = step.learningRate * learningRateScale;
    const { gradientScale = 1 } = step;
    return {
      beta1,
      beta2,
      epsilon,
      gradientScale,
      decay: 1 - learningRate * weightDecay,
      stepSize: learningRate / (1 - beta1 ** this.step),
      secondCorrection: 1 / Math.sqrt(1 - beta2 ** this.step),
    };
  }
}
