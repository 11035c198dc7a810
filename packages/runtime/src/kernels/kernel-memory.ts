// Memory in which the WebAssembly of assembly/optimizer.ts changes arrays in place. Other code sees ordinary arrays.
import { readFileSync } from 'node:fs';

type Address = number;

/** Exports of assembly/optimizer.ts. */
export interface Kernels {
  setFactors(
    gradientScale: number,
    decay: number,
    stepSize: number,
    secondCorrection: number,
    rest1: number,
    beta2: number,
    rest2: number,
    epsilon: number,
  ): void;
  adamW(weights: Address, gradients: Address, first: Address, second: Address, count: number, half: boolean): void;
  adamWBFloat16(weights: Address, gradients: Address, first: Address, second: Address, count: number, seed: number, half: boolean): void;
  addGradients(sums: Address, gradients: Address, count: number, half: boolean): void;
  moveTowards(values: Address, target: Address, count: number, share: number): void;
  sumOfSquares(gradients: Address, count: number, half: boolean): number;
  prodigyMoments(
    weights: Address,
    gradients: Address,
    first: Address,
    second: Address,
    start: Address,
    sums: Address,
    count: number,
    half: boolean,
    scale: number,
    keep1: number,
    take1: number,
    keep2: number,
    take2: number,
    keep3: number,
    take3: number,
  ): number;
  prodigyNumerator(): number;
  prodigyWeights(weights: Address, first: Address, second: Address, count: number, kept: number, step: number, floor: number): void;
}

interface Memory {
  readonly buffer: ArrayBuffer;
}

/** The part of the global WebAssembly that this file uses; Node's types do not declare it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: { readonly env: { readonly memory: Memory } }) => { readonly exports: unknown };
  Memory: new (size: { readonly initial: number }) => Memory;
};

const PAGE = 1 << 16;
const compiled = new WebAssembly.Module(readFileSync(new URL('optimizer.wasm', import.meta.url)));
const kernels = new WeakMap<ArrayBufferLike, Kernels>();

/** Zeroed memory of at least `bytes` and at most 4 GiB; pages become resident when they are written. */
export function kernelMemory(bytes: number): ArrayBuffer {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  kernels.set(memory.buffer, new WebAssembly.Instance(compiled, { env: { memory } }).exports as Kernels);
  return memory.buffer;
}

/** The kernels for these arrays. Throws if the arrays are not in the same kernelMemory. */
export function kernelsOf(...arrays: readonly (Float32Array | Uint16Array)[]): Kernels {
  const found = kernels.get(arrays[0].buffer);
  if (!found || arrays.some(({ buffer }) => buffer !== arrays[0].buffer))
    throw new Error('arrays that are worked on together have to be in one kernel memory');
  return found;
}
