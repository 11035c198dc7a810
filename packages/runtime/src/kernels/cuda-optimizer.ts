// The optimizer's kernels on a card (cuda/optimizer.cu). They are committed as PTX, which the driver compiles for the card.
import { readFileSync } from 'node:fs';
import { type Address } from '../native/api.ts';
import { type CudaRuntime } from '../native/cuda-runtime.ts';
import { type Owned } from '../native/owned.ts';

const NAMES = ['adamw', 'adamw_bfloat16', 'narrow', 'add_gradients', 'move_towards', 'sum_of_squares', 'add_partials'] as const;

/** Blocks of a launch, and threads of a block. They are the same for every size, because sums of floating-point numbers depend on them. */
const GRID = 512;
const BLOCK = 256;
/** Number of partial sums that one thread adds in the first of two steps: 512 x 256 sums become 512, and these become one. */
const SHARE = 256;
/** Number of partial sums for one block of parameters. */
const PARTIALS = GRID * BLOCK + GRID;
const FLOAT64_BYTES = 8;

const integer = (value: number): Int32Array => Int32Array.of(value);
const long = (value: number): BigInt64Array => BigInt64Array.of(BigInt(value));
const address = (value: Address): BigUint64Array => BigUint64Array.of(value);

/** A flat block of gradients, in float32 or float16. */
export interface GradientBlock {
  readonly address: Address;
  readonly count: number;
  readonly isHalf: boolean;
}

export interface AdamWBlock {
  readonly weights: Address;
  /** Float16 copies of the weights, updated together with them, or null. */
  readonly copies: Address | null;
  readonly gradients: GradientBlock;
  readonly first: Address;
  readonly second: Address;
  readonly momentsAreHalf: boolean;
  /** Addresses of the step's numbers, of the factors of the block's first parameter, and of the positions where its parameters start. */
  readonly step: Address;
  readonly factors: Address;
  readonly starts: Address;
  readonly parameters: number;
  readonly firstParameter: number;
}

export class OptimizerKernels {
  readonly #runtime: CudaRuntime;
  readonly #kernels: Record<(typeof NAMES)[number], Address>;
  #partials: Owned | null = null;

  constructor(runtime: CudaRuntime, code: Uint8Array = readFileSync(new URL('optimizer.ptx', import.meta.url))) {
    this.#runtime = runtime;
    this.#kernels = runtime.loadKernels(code, NAMES);
  }

  #launch(name: (typeof NAMES)[number], cells: readonly NodeJS.ArrayBufferView[], shape = { grid: GRID, block: BLOCK }): void {
    this.#runtime.launch(this.#kernels[name], shape, cells);
  }

  adamW(block: AdamWBlock): void {
    const { gradients, momentsAreHalf, firstParameter } = block;
    const cells = [
      ...[block.weights, gradients.address, block.first, block.second].map(address),
      long(gradients.count),
      ...[block.step, block.factors, block.starts].map(address),
      integer(block.parameters),
      integer(Number(gradients.isHalf)),
      address(block.copies ?? 0n),
    ];
    if (momentsAreHalf) this.#launch('adamw_bfloat16', [...cells, integer(firstParameter)]);
    else this.#launch('adamw', cells);
  }

  /** Writes float16 copies of float32 weights. */
  narrow(copies: Address, weights: Address, count: number): void {
    this.#launch('narrow', [address(copies), address(weights), long(count)]);
  }

  /** Adds gradients to float32 sums. */
  add(sums: Address, { address: from, count, isHalf }: GradientBlock): void {
    this.#launch('add_gradients', [address(sums), address(from), long(count), integer(Number(isHalf))]);
  }

  /** values -= share * (values - target) */
  moveTowards(values: Address, target: Address, count: number, share: number): void {
    this.#launch('move_towards', [address(values), address(target), long(count), Float32Array.of(share)]);
  }

  /** The sum of squares over all blocks, in float64 and in a fixed order. Infinite or NaN if a gradient is. */
  async sumOfSquares(blocks: readonly GradientBlock[]): Promise<number> {
    this.#partials ??= this.#runtime.allocate(PARTIALS * FLOAT64_BYTES);
    const partials = this.#partials.handle;
    const seconds = partials + BigInt(GRID * BLOCK * FLOAT64_BYTES);
    const sums = new Float64Array(blocks.length);
    blocks.forEach(({ address: from, count, isHalf }, i) => {
      this.#launch('sum_of_squares', [address(from), long(count), integer(Number(isHalf)), address(partials)]);
      this.#launch('add_partials', [address(partials), long(SHARE), address(seconds)], { grid: GRID / BLOCK, block: BLOCK });
      this.#launch('add_partials', [address(seconds), long(GRID), address(partials)], { grid: 1, block: 1 });
      this.#runtime.download(partials, sums.subarray(i, i + 1));
    });
    await this.#runtime.synchronize();
    return sums.reduce((total, sum) => total + sum, 0);
  }
}
