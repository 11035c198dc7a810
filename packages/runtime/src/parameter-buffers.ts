// Weights, gradients and moments: each lives once, in a few large aligned blocks.
import { elementCount, type Shape } from '@styleforge/autodiff';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
}

/** Elements that optimizer updates handle at once; every block is a whole number of them. */
export const CHUNK = 1 << 17;
const BLOCK = 1 << 26;
const ALIGNMENT = 16;

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/**
 * Named float32 arrays packed into blocks. Two instances over the same specs have the same layout, so that
 * a chunk of weights, its gradients and its moments sit at the same offsets. Padding is zero.
 */
export class ParameterBuffers {
  readonly specs: readonly ParameterSpec[];
  readonly #blocks: Float32Array[] = [];
  readonly #views = new Map<string, Float32Array>();

  constructor(specs: readonly ParameterSpec[]) {
    this.specs = specs;
    let pending: { name: string; offset: number; size: number }[] = [];
    let used = 0;
    const flush = (): void => {
      if (used === 0) return;
      const block = new Float32Array(roundUp(used, CHUNK));
      for (const { name, offset, size } of pending) this.#views.set(name, block.subarray(offset, offset + size));
      this.#blocks.push(block);
      pending = [];
      used = 0;
    };
    for (const { name, shape } of specs) {
      if (this.#views.has(name) || pending.some((entry) => entry.name === name)) throw new Error(`parameter '${name}' is listed twice`);
      const size = elementCount(shape);
      if (used + size > BLOCK) flush();
      pending.push({ name, offset: used, size });
      used = roundUp(used + size, ALIGNMENT);
    }
    flush();
  }

  /** Zeroed buffers of the same layout. */
  alike(): ParameterBuffers {
    return new ParameterBuffers(this.specs);
  }

  get(name: string): Float32Array {
    const view = this.#views.get(name);
    if (!view) throw new Error(`there is no parameter '${name}'`);
    return view;
  }

  has(name: string): boolean {
    return this.#views.has(name);
  }

  entries(): IterableIterator<[string, Float32Array]> {
    return this.#views.entries();
  }

  /** Views of CHUNK elements that cover everything, in a fixed order. */
  *chunks(): Generator<Float32Array> {
    for (const block of this.#blocks) {
      for (let start = 0; start < block.length; start += CHUNK) yield block.subarray(start, start + CHUNK);
    }
  }

  fill(value: number): void {
    this.#blocks.forEach((block) => block.fill(value));
  }
}
