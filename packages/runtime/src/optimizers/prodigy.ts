// Prodigy (arXiv 2306.06101): Adam that estimates the distance to the solution, and uses it as its learning rate.
import { Float32Arrays, type NamedArrays, type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { kernelsOf } from '../kernels/kernel-memory.ts';
import { AdamW, type AdamWOptions, type AdamWStep, type GradientBuffers } from './adamw.ts';

/** The initial estimate, as in prodigyopt. */
const FIRST_ESTIMATE = 1e-6;

/** The paper's d, the largest d so far, and the numerator of the next estimate. */
export interface ProdigyState {
  readonly d: number;
  readonly dMax: number;
  readonly numerator: number;
}

export interface ProdigyOptions extends AdamWOptions {
  /** Factor of each estimate. */
  readonly dCoef: number;
}

/** Factors of one parameter at one step; prodigyopt's names are d, dlr and beta3. */
interface Averages {
  readonly d: number;
  readonly gradientScale: number;
  readonly beta3: number;
}

/**
 * Prodigy with bias correction and without the learning rate in the estimate's denominator (`use_bias_correction`, `safeguard_warmup`),
 * in float32.
 */
export class Prodigy extends AdamW {
  readonly #weights: ParameterBuffers;
  readonly #options: ProdigyOptions;
  /** The weights before the first update. */
  readonly #start: ParameterBuffers;
  /** Averages of gradients; the sum of their absolute values is the estimate's denominator. */
  readonly #sums: ParameterBuffers;
  #state: ProdigyState = { d: FIRST_ESTIMATE, dMax: FIRST_ESTIMATE, numerator: 0 };

  constructor(weights: ParameterBuffers, options: ProdigyOptions) {
    super(weights, { ...options, momentPrecision: 'float32' });
    for (const { name } of weights.specs)
      if ((options.ratesOf?.(name).learningRateScale ?? 1) !== 1)
        throw new Error(`Prodigy estimates one learning rate for all weights: '${name}' has another one`);
    this.#weights = weights;
    this.#options = options;
    this.#start = weights.beside(Float32Array);
    this.#sums = weights.beside(Float32Array);
  }

  get state(): ProdigyState {
    return this.#state;
  }

  restore(state: ProdigyState): void {
    this.#state = state;
  }

  override get arrays(): Readonly<Record<string, NamedArrays>> {
    return { ...super.arrays, start: new Float32Arrays(this.#start), sums: new Float32Arrays(this.#sums) };
  }

  override get rateFactor(): number {
    return this.#state.d;
  }

  /** Updates every weight once. Changes nothing if the learning rate or all gradients are 0. */
  override apply(gradients: GradientBuffers, step: AdamWStep): void {
    if (step.learningRate === 0) return;
    if (this.step === 0) this.#start.copyFrom(this.#weights);
    const { beta1, beta2 } = this.#options;
    const { d } = this.#state;
    const k = this.step + 1;
    const rate = (d * step.learningRate * Math.sqrt(1 - beta2 ** k)) / (1 - beta1 ** k);
    const averages = { d, gradientScale: step.gradientScale ?? 1, beta3: Math.sqrt(beta2) };
    if (!this.#estimate(gradients, averages, rate)) return;
    this.step = k;
    this.#move(step, rate);
  }

  /** Updates the averages and the estimate. Returns false if all gradients are zero. */
  #estimate(gradients: GradientBuffers, averages: Averages, rate: number): boolean {
    const { d, beta3 } = averages;
    let [product, denominator] = [0, 0];
    for (const { name } of this.#weights.specs) {
      const sums = this.#average(name, gradients, averages);
      product += sums.product;
      denominator += sums.size;
    }
    if (denominator === 0) return false;
    const numerator = this.#state.numerator * beta3 + (d / FIRST_ESTIMATE) * rate * product;
    const estimate = (this.#options.dCoef * numerator) / denominator;
    const dMax = Math.max(this.#state.dMax, estimate);
    this.#state = { d: dMax, dMax, numerator };
    return true;
  }

  #average(name: string, gradients: GradientBuffers, { d, gradientScale, beta3 }: Averages): { product: number; size: number } {
    const { beta1, beta2 } = this.#options;
    const gradient = gradients.get(name);
    const arrays = [this.#weights.get(name), gradient, this.firstMoment.stored(name), this.secondMoment.stored(name)] as const;
    const kernels = kernelsOf(...arrays, this.#start.get(name), this.#sums.get(name));
    const [weight, , first, second] = arrays.map(({ byteOffset }) => byteOffset);
    const [start, sums] = [this.#start.get(name).byteOffset, this.#sums.get(name).byteOffset];
    const kept = [beta1, d * (1 - beta1), beta2, d * d * (1 - beta2), beta3, (d / FIRST_ESTIMATE) * d] as const;
    const half = gradient instanceof Uint16Array;
    const size = kernels.prodigyMoments(
      weight,
      gradient.byteOffset,
      first,
      second,
      start,
      sums,
      gradient.length,
      half,
      gradientScale,
      ...kept,
    );
    return { product: kernels.prodigyNumerator(), size };
  }

  #move(step: AdamWStep, rate: number): void {
    const { epsilon, ratesOf } = this.#options;
    for (const { name } of this.#weights.specs) {
      const [weight, first, second] = [this.#weights.get(name), this.firstMoment.stored(name), this.secondMoment.stored(name)];
      const { weightDecay = step.weightDecay } = ratesOf?.(name) ?? {};
      const kernels = kernelsOf(weight, first, second);
      const floor = this.#state.d * epsilon;
      kernels.prodigyWeights(weight.byteOffset, first.byteOffset, second.byteOffset, weight.length, 1 - weightDecay * rate, rate, floor);
    }
  }
}
