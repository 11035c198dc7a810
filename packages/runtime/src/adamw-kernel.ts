// The arithmetic of AdamW over flat arrays, in place: tile by tile through the WebAssembly of assembly/optimizer.ts.
import { readFileSync } from 'node:fs';

export interface AdamWFactors {
  /** Multiplies every gradient first: clipping and averaging over accumulated steps. */
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

/** Node has it, but no types for it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

interface Offset {
  readonly value: number;
}

/** What assembly/optimizer.ts exports. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Elements of each of the four arrays. */
  readonly tile: Offset;
  readonly weights: Offset;
  readonly gradients: Offset;
  readonly firstMoments: Offset;
  readonly secondMoments: Offset;
  readonly halfGradients: Offset;
  setFactors(gradientScale: number, decay: number, stepSize: number, secondCorrection: number, rest1: number, beta2: number, rest2: number, epsilon: number): void;
  adamW(count: number): void;
  adamWBFloat16(count: number, position: number, seed: number): void;
  widenGradients(count: number): void;
  addGradients(count: number): void;
  sumOfSquares(count: number): number;
}

/** Gradients: float32, or float16 bits. */
export type GradientValues = Float32Array | Uint16Array;

const kernel = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(new URL('optimizer.wasm', import.meta.url)))).exports as Kernel;
const TILE = kernel.tile.value;
const floats = (offset: Offset): Float32Array => new Float32Array(kernel.memory.buffer, offset.value, TILE);
const halves = (offset: Offset): Uint16Array => new Uint16Array(kernel.memory.buffer, offset.value, TILE);
const [weightTile, gradientTile, halfGradientTile] = [floats(kernel.weights), floats(kernel.gradients), halves(kernel.halfGradients)];
const momentTiles = {
  float32: [floats(kernel.firstMoments), floats(kernel.secondMoments)],
  bfloat16: [halves(kernel.firstMoments), halves(kernel.secondMoments)],
} as const;

type Values = Float32Array | Uint16Array;

function loadGradients(part: GradientValues): void {
  if (part instanceof Float32Array) return gradientTile.set(part);
  halfGradientTile.set(part);
  kernel.widenGradients(part.length);
}

/** Copies each tile of the arrays into the kernel's memory, lets it work there, and copies back what it changed. */
function inTiles<Moments extends Values>(weight: Float32Array, gradient: GradientValues, moments: readonly Moments[], tiles: readonly Moments[], work: (count: number, start: number) => void): void {
  for (let start = 0; start < weight.length; start += TILE) {
    const end = Math.min(weight.length, start + TILE);
    const weightPart = weight.subarray(start, end);
    const momentParts = moments.map((values) => values.subarray(start, end));
    weightTile.set(weightPart);
    loadGradients(gradient.subarray(start, end));
    momentParts.forEach((values, i) => tiles[i].set(values));
    work(end - start, start);
    weightPart.set(weightTile.subarray(0, end - start));
    momentParts.forEach((values, i) => values.set(tiles[i].subarray(0, end - start)));
  }
}

function setFactors({ gradientScale, decay, stepSize, secondCorrection, beta1, beta2, epsilon }: AdamWFactors): void {
  kernel.setFactors(gradientScale, decay, stepSize, secondCorrection, 1 - beta1, beta2, 1 - beta2, epsilon);
}

/**
 * AdamW with decoupled weight decay and bias correction (arXiv 1711.05101, in torch.optim.AdamW's order of operations), in float32.
 * All arrays have one length.
 */
export function adamW(weight: Float32Array, gradient: GradientValues, first: Float32Array, second: Float32Array, factors: AdamWFactors): void {
  setFactors(factors);
  inTiles(weight, gradient, [first, second], momentTiles.float32, (count) => kernel.adamW(count));
}

/**
 * The same with bfloat16 moments. They are rounded up or down at random, in proportion, because a moment that changes by less
 * than bfloat16's step (1/256) at a time would otherwise stand still (stochastic rounding, arXiv 2010.06192). `seed` and the
 * position alone decide, so that a resumed run rounds alike.
 */
export function adamWBFloat16(weight: Float32Array, gradient: GradientValues, first: Uint16Array, second: Uint16Array, factors: AdamWFactors, seed: number): void {
  setFactors(factors);
  inTiles(weight, gradient, [first, second], momentTiles.bfloat16, (count, start) => kernel.adamWBFloat16(count, start, seed));
}

/** Adds gradients to sums of the same length, in place. */
export function addGradients(sums: Float32Array, gradients: GradientValues): void {
  inTiles(sums, gradients, [], [], (count) => kernel.addGradients(count));
}

/** Sum of squares in float64. */
export function sumOfSquares(values: GradientValues): number {
  let sum = 0;
  for (let start = 0; start < values.length; start += TILE) {
    const part = values.subarray(start, start + TILE);
    loadGradients(part);
    gradientTile.fill(0, part.length);
    sum += kernel.sumOfSquares(TILE);
  }
  return sum;
}
