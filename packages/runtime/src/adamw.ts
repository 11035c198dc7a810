// AdamW over parameter buffers, in place.
import { Graph } from '@styleforge/autodiff';
import { adamW, adamWBFloat16, type AdamWFactors } from './adamw-kernel.ts';
import { createMoments, type MomentPrecision, type Moments } from './moments.ts';
import { CHUNK, type ParameterBuffers } from './parameter-buffers.ts';
import { Program, type CompileOptions } from './program.ts';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** float32 when left out. */
  readonly momentPrecision?: MomentPrecision;
  /** Multiplies the learning rate of a parameter; 1 for all when left out. */
  readonly learningRateScale?: (name: string) => number;
}

export interface AdamWStep {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Multiplies every gradient first: clipping and averaging over accumulated steps. */
  readonly gradientScale?: number;
}

export class AdamW {
  readonly firstMoment: Moments;
  readonly secondMoment: Moments;
  /** Updates made so far. */
  step = 0;
  readonly #weights: ParameterBuffers;
  readonly #options: AdamWOptions;
  readonly #sumOfSquares: Program<'sum'>;

  private constructor(weights: ParameterBuffers, options: AdamWOptions, sumOfSquares: Program<'sum'>) {
    this.#weights = weights;
    this.#options = options;
    this.#sumOfSquares = sumOfSquares;
    this.firstMoment = createMoments(weights, options.momentPrecision ?? 'float32');
    this.secondMoment = createMoments(weights, options.momentPrecision ?? 'float32');
  }

  static async create(weights: ParameterBuffers, options: AdamWOptions, compileOptions: CompileOptions = {}): Promise<AdamW> {
    const norm = new Graph();
    const values = norm.input('values', [CHUNK]);
    // a chunk is so small that handing half of it to another thread costs more than it saves
    const program = await Program.compile(norm, { sum: norm.reduceSum(norm.square(values), [0]) }, { ...compileOptions, threads: 1 });
    return new AdamW(weights, options, program);
  }

  /** Euclidean norm over all gradients, summed over chunks in float64. */
  async gradientNorm(gradients: ParameterBuffers): Promise<number> {
    let total = 0;
    for (const values of gradients.chunks()) total += (await this.#sumOfSquares.run({ values })).sum[0];
    return Math.sqrt(total);
  }

  /** One update of every weight, in place. */
  apply(gradients: ParameterBuffers, step: AdamWStep): void {
    this.step += 1;
    const { learningRateScale = () => 1 } = this.#options;
    this.#weights.specs.forEach(({ name }, index) => {
      const factors = this.#factors({ ...step, learningRate: step.learningRate * learningRateScale(name) });
      const [weight, gradient, first, second] = [this.#weights.get(name), gradients.get(name), this.firstMoment.stored(name), this.secondMoment.stored(name)];
      if (first instanceof Float32Array) adamW(weight, gradient, first, second as Float32Array, factors);
      else adamWBFloat16(weight, gradient, first, second as Uint16Array, factors, Math.imul(this.step, 0x2545f491) + index);
    });
  }

  #factors({ learningRate, weightDecay, gradientScale = 1 }: AdamWStep): AdamWFactors {
    const { beta1, beta2, epsilon } = this.#options;
    return {
      beta1, beta2, epsilon, gradientScale, decay: 1 - learningRate * weightDecay,
      stepSize: learningRate / (1 - beta1 ** this.step), secondCorrection: 1 / Math.sqrt(1 - beta2 ** this.step),
    };
  }

  release(): Promise<void> {
    return this.#sumOfSquares.release();
  }
}
