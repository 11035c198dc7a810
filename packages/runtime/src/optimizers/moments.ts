// Optimizer moments: float32 in the layout of the weights, or bfloat16 at half the memory.
import { Float32Arrays, type ParameterBuffers, type NamedArrays, type ParameterSpec } from '../kernels/parameter-buffers.ts';

export type MomentPrecision = 'float32' | 'bfloat16';

/** Values that an optimizer stores for every weight. */
export interface Moments extends NamedArrays {
  /** A parameter's values in their storage format. */
  stored(name: string): Float32Array | Uint16Array;
  /** All values in their storage format, in the blocks of the weights' layout. */
  readonly blocks: readonly (Float32Array | Uint16Array)[];
}

class BFloat16Moments implements Moments {
  readonly #buffers: ParameterBuffers<Uint16Array>;

  constructor(weights: ParameterBuffers) {
    this.#buffers = weights.beside(Uint16Array);
  }

  get specs(): readonly ParameterSpec[] {
    return this.#buffers.specs;
  }

  read(name: string): Float32Array {
    const stored = this.#buffers.get(name);
    const bits = new Uint32Array(stored.length);
    for (let i = 0; i < stored.length; i++) bits[i] = stored[i] << 16;
    return new Float32Array(bits.buffer);
  }

  /** Stores the upper half of each float32. This loses nothing for values returned by `read`. */
  write(name: string, values: Float32Array): void {
    const stored = this.#buffers.get(name);
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < stored.length; i++) stored[i] = bits[i] >>> 16;
  }

  stored(name: string): Uint16Array {
    return this.#buffers.get(name);
  }

  get blocks(): readonly Uint16Array[] {
    return this.#buffers.blocks;
  }
}

/** Creates moments in the memory of the weights, so that the optimizer's WebAssembly can access both. */
export function createMoments(weights: ParameterBuffers, precision: MomentPrecision): Moments {
  return precision === 'bfloat16' ? new BFloat16Moments(weights) : new Float32Arrays(weights.beside(Float32Array));
}
