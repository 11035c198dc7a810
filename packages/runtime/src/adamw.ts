// AdamW over parameter buffers: one small compiled graph runs over all chunks in place.
import { adamWGraph, Graph, type AdamWOptions } from '@styleforge/autodiff';
import { CHUNK, type ParameterBuffers } from './parameter-buffers.ts';
import { Program, type CompileOptions } from './program.ts';

export interface AdamWStep {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Multiplies every gradient first: clipping and averaging over accumulated steps. */
  readonly gradientScale?: number;
}

type UpdateProgram = Program<'weight' | 'firstMoment' | 'secondMoment'>;

export class AdamW {
  readonly firstMoment: ParameterBuffers;
  readonly secondMoment: ParameterBuffers;
  /** Updates made so far. */
  step = 0;
  readonly #weights: ParameterBuffers;
  readonly #options: AdamWOptions;
  readonly #update: UpdateProgram;
  readonly #sumOfSquares: Program<'sum'>;

  private constructor(weights: ParameterBuffers, options: AdamWOptions, update: UpdateProgram, sumOfSquares: Program<'sum'>) {
    this.#weights = weights;
    this.#options = options;
    this.#update = update;
    this.#sumOfSquares = sumOfSquares;
    this.firstMoment = weights.alike();
    this.secondMoment = weights.alike();
  }

  static async create(weights: ParameterBuffers, options: AdamWOptions, compileOptions: CompileOptions = {}): Promise<AdamW> {
    // a chunk is so small that handing half of it to another thread costs more than it saves
    const oneThread = { ...compileOptions, threads: 1 };
    const { graph, outputs } = adamWGraph(CHUNK, options);
    const norm = new Graph();
    const values = norm.input('values', [CHUNK]);
    return new AdamW(
      weights, options,
      await Program.compile(graph, outputs, oneThread),
      await Program.compile(norm, { sum: norm.reduceSum(norm.square(values), [0]) }, oneThread),
    );
  }

  /** Euclidean norm over all gradients, summed over chunks in float64. */
  async gradientNorm(gradients: ParameterBuffers): Promise<number> {
    let total = 0;
    for (const values of gradients.chunks()) total += (await this.#sumOfSquares.run({ values })).sum[0];
    return Math.sqrt(total);
  }

  /** One update of every weight, in place. */
  async apply(gradients: ParameterBuffers, { learningRate, weightDecay, gradientScale = 1 }: AdamWStep): Promise<void> {
    this.step += 1;
    const scalars = {
      gradientScale: Float32Array.of(gradientScale),
      decay: Float32Array.of(1 - learningRate * weightDecay),
      stepSize: Float32Array.of(learningRate / (1 - this.#options.beta1 ** this.step)),
      secondCorrection: Float32Array.of(1 / Math.sqrt(1 - this.#options.beta2 ** this.step)),
    };
    const [weights, moments1, moments2] = [this.#weights, this.firstMoment, this.secondMoment].map((buffers) => buffers.chunks());
    for (const gradient of gradients.chunks()) {
      const weight = weights.next().value as Float32Array;
      const firstMoment = moments1.next().value as Float32Array;
      const secondMoment = moments2.next().value as Float32Array;
      await this.#update.run({ weight, gradient, firstMoment, secondMoment, ...scalars }, { weight, firstMoment, secondMoment });
    }
  }

  async release(): Promise<void> {
    await Promise.all([this.#update.release(), this.#sumOfSquares.release()]);
  }
}
