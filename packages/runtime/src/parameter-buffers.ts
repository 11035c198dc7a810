// Weights, gradients and moments: each lives once, in a few large aligned blocks.
import { elementCount, type Shape } from '@styleforge/autodiff';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
}

/** Values by parameter name, whatever they are stored in. */
export interface NamedArrays {
  readonly specs: readonly ParameterSpec[];
  /** The values of one parameter; a copy where they are not stored as float32. */
  read(name: string): Float32Array;
  write(name: string, values: Float32Array): void;
}

/** Elements that a pass over whole buffers handles at once; every block is a whole number of them. */
export const CHUNK = 1 << 17;
const BLOCK = 1 << 26;
const ALIGNMENT = 16;

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/**
 * Named arrays, float32 unless told otherwise, packed into blocks. Two instances over the same specs have the same layout, so that
 * a chunk of weights, its gradients and its moments sit at the same offsets. Padding is zero.
 */
export class ParameterBuffers<Data extends Float32Array | Uint16Array = Float32Array> {
  readonly specs: readonly ParameterSpec[];
  readonly #ArrayType: new (length: number) => Data;
  readonly #blocks: Data[] = [];
  readonly #views = new Map<string, Data>();

  constructor(specs: readonly ParameterSpec[], ArrayType: new (length: number) => Data = Float32Array as never) {
    this.specs = specs;
    this.#ArrayType = ArrayType;
    let pending: { name: string; offset: number; size: number }[] = [];
    let used = 0;
    const flush = (): void => {
      if (used === 0) return;
      const block = new ArrayType(roundUp(used, CHUNK));
      for (const { name, offset, size } of pending) this.#views.set(name, block.subarray(offset, offset + size) as Data);
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
  alike(): ParameterBuffers<Data> {
    return new ParameterBuffers(this.specs, this.#ArrayType);
  }

  get(name: string): Data {
    const view = this.#views.get(name);
    if (!view) throw new Error(`there is no parameter '${name}'`);
    return view;
  }

  has(name: string): boolean {
    return this.#views.has(name);
  }

  entries(): IterableIterator<[string, Data]> {
    return this.#views.entries();
  }

  /** Views of CHUNK elements that cover everything, in a fixed order. */
  *chunks(): Generator<Data> {
    for (const block of this.#blocks) {
      for (let start = 0; start < block.length; start += CHUNK) yield block.subarray(start, start + CHUNK) as Data;
    }
  }

  /** Takes the values of buffers of the same layout. */
  copyFrom(source: ParameterBuffers<Data>): void {
    source.#blocks.forEach((block, i) => this.#blocks[i].set(block));
  }

  fill(value: number): void {
    this.#blocks.forEach((block) => block.fill(value));
  }
}

/** Float32 buffers seen through the same interface as values stored otherwise; nothing is copied. */
export class Float32Arrays implements NamedArrays {
  readonly #buffers: ParameterBuffers;

  constructor(buffers: ParameterBuffers) {
    this.#buffers = buffers;
  }

  get specs(): readonly ParameterSpec[] {
    return this.#buffers.specs;
  }

  read(name: string): Float32Array {
    return this.#buffers.get(name);
  }

  write(name: string, values: Float32Array): void {
    this.#buffers.get(name).set(values);
  }

  stored(name: string): Float32Array {
    return this.#buffers.get(name);
  }
}
