// Parameter buffers in a card's memory: one allocation and one copy for each block of ParameterBuffers.
import { type CudaEngine } from '../devices/cuda-engine.ts';
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { type GradientBlock } from '../kernels/cuda-optimizer.ts';
import { type Address } from '../native/api.ts';
import { offsetBy } from '../native/cuda-runtime.ts';
import { type Owned } from '../native/owned.ts';

const BYTES = { float32: 4, float16: 2 };
type HostBlocks = readonly (Float32Array | Uint16Array)[];

export class DeviceBlocks {
  readonly precision: 'float32' | 'float16';
  readonly #engine: CudaEngine;
  readonly #layout: ParameterBuffers;
  readonly #blocks: readonly Owned[];

  /** Zeroed blocks with the layout of `layout`. 16-bit blocks hold float16 or bfloat16. */
  constructor(engine: CudaEngine, layout: ParameterBuffers, precision: 'float32' | 'float16' = 'float32') {
    this.precision = precision;
    this.#engine = engine;
    this.#layout = layout;
    this.#blocks = layout.blocks.map(({ length }) => engine.runtime.allocate(Math.max(1, length) * BYTES[precision]));
  }

  get addresses(): readonly Address[] {
    return this.#blocks.map(({ handle }) => handle);
  }

  get gradientBlocks(): readonly GradientBlock[] {
    return this.addresses.map((address, i) => ({
      address,
      count: this.#layout.blocks[i].length,
      isHalf: this.precision === 'float16',
    }));
  }

  /** The address of a parameter and its size in bytes. */
  viewOf(name: string): { readonly address: Address; readonly bytes: number } {
    const { block, offset, size } = this.#layout.placeOf(name);
    const bytes = BYTES[this.precision];
    return { address: offsetBy(this.#blocks[block].handle, offset * bytes), bytes: size * bytes };
  }

  upload(blocks: HostBlocks): void {
    blocks.forEach((block, i) => this.#engine.runtime.upload(block, this.#blocks[i].handle));
  }

  /** Queues a copy to the host's arrays, which have the values once the stream has been waited for. */
  download(blocks: HostBlocks): void {
    blocks.forEach((block, i) => this.#engine.runtime.download(this.#blocks[i].handle, block));
  }

  /** Stores the values of `from` here, rounded to float16. */
  narrow(from: DeviceBlocks): void {
    this.#blocks.forEach(({ handle }, i) => this.#engine.kernels.narrow(handle, from.addresses[i], this.#layout.blocks[i].length));
  }

  clear(): void {
    this.#blocks.forEach(({ handle }, i) => this.#engine.runtime.clear(handle, this.#layout.blocks[i].length * BYTES[this.precision]));
  }

  release(): void {
    this.#blocks.forEach((block) => block.release());
  }
}
