// The arithmetic of AdamW over flat arrays, in place, by the WebAssembly of assembly/optimizer.ts. All arrays of a call have the same
// length. They are in one kernel memory (kernel-memory.ts), at multiples of eight elements, and are padded with zeros to the next
// multiple.
import { kernelsOf, type Kernels } from '../kernels/kernel-memory.ts';

export interface AdamWFactors {
  /** Factor for every gradient, applied first: clipping and averaging over accumulated steps. */
  readonly gradientScale: number;
  /** 1 - lr * weightDecay */
  readonly decay: number;
  /** lr / (1 - beta1^t) */
  readonly stepSize: number;
  /** 1 / sqrt(1 - beta2^t) */
  readonly secondCorrection: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Gradients in float32, or in float16 as Uint16Array. */
export type GradientValues = Float32Array | Uint16Array;

const isHalf = (gradient: GradientValues): boolean => gradient instanceof Uint16Array;

function setFactors(kernels: Kernels, { gradientScale, decay, stepSize, secondCorrection, beta1, beta2, epsilon }: AdamWFactors): void {
  kernels.setFactors(gradientScale, decay, stepSize, secondCorrection, 1 - beta1, beta2, 1 - beta2, epsilon);
}

/** AdamW with decoupled weight decay and bias correction (arXiv 1711.05101, in torch.optim.AdamW's order of operations), in float32. */
export function adamW(
  weight: Float32Array,
  gradient: GradientValues,
  first: Float32Array,
  second: Float32Array,
  factors: AdamWFactors,
): void {
  const kernels = kernelsOf(weight, gradient, first, second);
  setFactors(kernels, factors);
  kernels.adamW(weight.byteOffset, gradient.byteOffset, first.byteOffset, second.byteOffset, weight.length, isHalf(gradient));
}

/**
 * AdamW with bfloat16 moments, which are rounded up or down at random, in proportion (stochastic rounding, arXiv 2010.06192). Otherwise a
 * moment that changes by less than bfloat16's step (1/256) at a time would never change. The rounding depends only on `seed` and the
 * position, so a resumed run rounds in the same way.
 */
export function adamWBFloat16(
  weight: Float32Array,
  gradient: GradientValues,
  first: Uint16Array,
  second: Uint16Array,
  factors: AdamWFactors,
  seed: number,
): void {
  const kernels = kernelsOf(weight, gradient, first, second);
  setFactors(kernels, factors);
  kernels.adamWBFloat16(weight.byteOffset, gradient.byteOffset, first.byteOffset, second.byteOffset, weight.length, seed, isHalf(gradient));
}

/** Adds gradients to sums, in place. */
export function addGradients(sums: Float32Array, gradients: GradientValues): void {
  kernelsOf(sums, gradients).addGradients(sums.byteOffset, gradients.byteOffset, sums.length, isHalf(gradients));
}

/** The sum of squares, in float64. */
export function sumOfSquares(values: GradientValues): number {
  return kernelsOf(values).sumOfSquares(values.byteOffset, values.length, isHalf(values));
}
