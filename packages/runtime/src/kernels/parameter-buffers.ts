// Weights, gradients and moments, stored once in a few large aligned blocks.
import { elementCount, type Shape } from '@styleforge/autodiff';
import { kernelMemory } from './kernel-memory.ts';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
}

/** Values by parameter name, in any storage format. */
export interface NamedArrays {
  readonly specs: readonly ParameterSpec[];
  /** The values of one parameter as float32. A copy if they are stored in another format. */
  read(name: string): Float32Array;
  write(name: string, values: Float32Array): void;
}

/** Maximum number of elements of a block, unless one parameter is larger. */
const BLOCK = 1 << 26;
/** Alignment, in elements, of parameters in a block. */
export const ALIGNMENT = 16;
/**
 * Number of buffers that one memory has space for: weights, their average, gradients, summed gradients, two moments, and Prodigy's start
 * and sums. Unused ones are not resident.
 */
const ROOMS = 8;
/** Number of buffers in a memory for weights that are only read. */
const FROZEN_ROOMS = 1;
const ROOM_BYTES = 4;

type ArrayTypeOf<Data> = new (buffer: ArrayBuffer, offset: number, length: number) => Data;

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** Location of a parameter: its block, and its offset in elements. */
export interface Place {
  readonly block: number;
  readonly offset: number;
  readonly size: number;
}

/** One memory for each block of parameters, with space for several buffers. */
class SharedMemory {
  readonly places = new Map<string, Place>();
  readonly #blocks: readonly { readonly length: number; readonly buffer: ArrayBuffer }[];
  readonly #rooms: number;
  #used = 0;

  constructor(specs: readonly ParameterSpec[], rooms = ROOMS) {
    this.#rooms = rooms;
    const lengths: number[] = [];
    for (const { name, shape } of specs) {
      if (this.places.has(name)) throw new Error(`parameter '${name}' is listed twice`);
      const size = elementCount(shape);
      const last = lengths.at(-1);
      if (last === undefined || (last > 0 && last + size > BLOCK)) lengths.push(0);
      const block = lengths.length - 1;
      this.places.set(name, { block, offset: lengths[block], size });
      lengths[block] = roundUp(lengths[block] + size, ALIGNMENT);
    }
    this.#blocks = lengths.map((length) => ({ length, buffer: kernelMemory(rooms * ROOM_BYTES * length) }));
  }

  /** The next free buffer, as arrays by block. */
  take<Data>(ArrayType: ArrayTypeOf<Data>): Data[] {
    if (this.#used === this.#rooms) throw new Error(`this memory has room for ${this.#rooms} ${this.#rooms === 1 ? 'buffer' : 'buffers'}`);
    const room = this.#used++;
    return this.#blocks.map(({ length, buffer }) => new ArrayType(buffer, room * ROOM_BYTES * length, length));
  }
}

/**
 * Named arrays, float32 by default, packed into blocks. Two instances with the same specs have the same layout, so
 * a weight, its gradient and its moments have the same offset. Padding is zero.
 */
export class ParameterBuffers<Data extends Float32Array | Uint16Array = Float32Array> {
  readonly specs: readonly ParameterSpec[];
  readonly #ArrayType: ArrayTypeOf<Data>;
  readonly #memory: SharedMemory;
  readonly #blocks: readonly Data[];
  readonly #views: ReadonlyMap<string, Data>;

  constructor(specs: readonly ParameterSpec[], ArrayType: ArrayTypeOf<Data> = Float32Array as never, memory = new SharedMemory(specs)) {
    this.specs = specs;
    this.#ArrayType = ArrayType;
    this.#memory = memory;
    this.#blocks = memory.take(ArrayType);
    this.#views = new Map(
      [...memory.places].map(([name, { block, offset, size }]) => [name, this.#blocks[block].subarray(offset, offset + size) as Data]),
    );
  }

  /** Zeroed buffers for weights that no optimizer changes; their memory has no space for other buffers. */
  static frozen(specs: readonly ParameterSpec[]): ParameterBuffers {
    return new ParameterBuffers(specs, Float32Array, new SharedMemory(specs, FROZEN_ROOMS));
  }

  /** New zeroed buffers of the same layout. */
  alike(): ParameterBuffers<Data> {
    return new ParameterBuffers(this.specs, this.#ArrayType);
  }

  /** A copy in separate memory. */
  copy(): ParameterBuffers<Data> {
    const copy = this.alike();
    copy.copyFrom(this);
    return copy;
  }

  /** Zeroed buffers of the same layout in the same memory, as an optimizer's kernels require; there is space for seven. */
  beside(ArrayType: Float32ArrayConstructor): ParameterBuffers;
  beside(ArrayType: Uint16ArrayConstructor): ParameterBuffers<Uint16Array>;
  beside(ArrayType: ArrayTypeOf<Float32Array | Uint16Array>): ParameterBuffers<Float32Array | Uint16Array> {
    return new ParameterBuffers<Float32Array | Uint16Array>(this.specs, ArrayType, this.#memory);
  }

  /** The arrays that hold everything, one for each block. */
  get blocks(): readonly Data[] {
    return this.#blocks;
  }

  placeOf(name: string): Place {
    const place = this.#memory.places.get(name);
    if (!place) throw new Error(`there is no parameter '${name}'`);
    return place;
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

  /** Copies the values of buffers with the same layout. */
  copyFrom(source: ParameterBuffers<Data>): void {
    source.#blocks.forEach((block, i) => this.#blocks[i].set(block));
  }

  fill(value: number): void {
    this.#blocks.forEach((block) => block.fill(value));
  }
}

/** Float32 buffers behind the interface of values in other formats; nothing is copied. */
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

  get blocks(): readonly Float32Array[] {
    return this.#buffers.blocks;
  }
}
