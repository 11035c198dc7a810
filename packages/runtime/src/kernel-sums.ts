// KID's kernel in float32 through onnxruntime: sums of (a.b / d + 1)^3 of subsets of two sets, without keeping the values.
import { kernelSumsModel } from '@styleforge/onnx';
import { Binding, type NativeSession } from './native/session.ts';
import { type TensorArray, valueOver } from './native/values.ts';
import { processorSession } from './programs/session.ts';

/** Rows of one length, one after another. */
export interface RowSet {
  readonly data: Float32Array;
  readonly count: number;
}

/** Sums that add up to the kernel of a subset within `x`, within `y`, and between both. */
export interface SubsetSums {
  readonly xx: Float32Array;
  readonly yy: Float32Array;
  readonly xy: Float32Array;
}

/** Compares subsets of a fixed size. Each one is computed by one thread, so that several subsets share the cores without waiting. */
export class KernelSums {
  readonly #session: NativeSession;
  readonly #sets: Readonly<Record<'x' | 'y', RowSet>>;
  readonly #dimension: number;
  readonly #size: number;
  readonly #sumsWithin: number;

  constructor(x: RowSet, y: RowSet, { dimension, size }: { dimension: number; size: number }) {
    const { bytes, sumsWithin } = kernelSumsModel(dimension, size);
    this.#session = processorSession(bytes, { threads: 1 });
    this.#sumsWithin = sumsWithin;
    this.#sets = { x, y };
    this.#dimension = dimension;
    this.#size = size;
  }

  /** Computes in another thread. Must not be called again after `release`, nor be running then. */
  async run(xRows: Int32Array, yRows: Int32Array): Promise<SubsetSums> {
    const binding = new Binding(this.#session);
    const place = (direction: 'input' | 'output', name: string, array: TensorArray, shape: readonly number[]): void =>
      binding[direction](name, valueOver(this.#session.environment, array, shape), array);
    try {
      for (const [name, { data, count }] of Object.entries(this.#sets)) place('input', name, data, [count, this.#dimension]);
      place('input', 'x_rows', xRows, [this.#size]);
      place('input', 'y_rows', yRows, [this.#size]);
      const within = this.#sumsWithin;
      const sums = { xx: new Float32Array(within), yy: new Float32Array(within), xy: new Float32Array(this.#size) };
      for (const [name, array] of Object.entries(sums)) place('output', name, array, [array.length]);
      await binding.runAside();
      return sums;
    } finally {
      binding.release();
    }
  }

  release(): void {
    this.#session.release();
  }
}
