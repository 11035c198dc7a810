// AdamW over flat blocks in a card's memory. The moments are stored there, and the numbers of a step in one small buffer.
import { type CudaEngine } from '../devices/cuda-engine.ts';
import { ALIGNMENT, type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { offsetBy } from '../native/cuda-runtime.ts';
import { type Owned } from '../native/owned.ts';
import { type AdamW, type AdamWStep } from '../optimizers/adamw.ts';
import { DeviceBlocks } from './device-blocks.ts';

/** struct Step and struct Factors of cuda/optimizer.cu, in 32-bit words. */
const STEP_WORDS = 8;
const SEED_WORD = 6;
const FACTOR_WORDS = 2;
const WORD_BYTES = 4;

export interface UpdatedWeights {
  readonly weights: DeviceBlocks;
  readonly copies: DeviceBlocks | null;
}

/** The parameters of one block: the number of the first one, and their positions in units of sixteen elements. */
interface BlockParameters {
  readonly first: number;
  readonly starts: Uint32Array;
}

/** The parameters of each block, numbered in the order of the layout. */
function parametersOf(weights: ParameterBuffers): BlockParameters[] {
  const places = weights.specs.map(({ name }) => weights.placeOf(name));
  return weights.blocks.map((_, block) => ({
    first: places.findIndex((place) => place.block === block),
    starts: Uint32Array.from(places.filter((place) => place.block === block).map(({ offset }) => offset / ALIGNMENT)),
  }));
}

export class BlockOptimizer {
  readonly #engine: CudaEngine;
  readonly #weights: ParameterBuffers;
  readonly #optimizer: AdamW;
  readonly #first: DeviceBlocks;
  readonly #second: DeviceBlocks;
  readonly #parameters: readonly BlockParameters[];
  /** The positions where each block's parameters start, by block. */
  readonly #starts: readonly Owned[];
  /** The numbers of a step: first those for all parameters, then those of each parameter. */
  readonly #numbers: Float32Array;
  readonly #step: Owned;

  constructor(engine: CudaEngine, weights: ParameterBuffers, optimizer: AdamW) {
    this.#engine = engine;
    this.#weights = weights;
    this.#optimizer = optimizer;
    const precision = optimizer.firstMoment.blocks[0] instanceof Uint16Array ? 'float16' : 'float32';
    this.#first = new DeviceBlocks(engine, weights, precision);
    this.#second = new DeviceBlocks(engine, weights, precision);
    this.#parameters = parametersOf(weights);
    this.#starts = this.#parameters.map(({ starts }) => engine.runtime.allocate(Math.max(1, starts.length) * WORD_BYTES));
    this.#numbers = new Float32Array(STEP_WORDS + FACTOR_WORDS * weights.specs.length);
    this.#step = engine.runtime.allocate(this.#numbers.byteLength);
  }

  /** Copies the moments to the card. */
  place(): void {
    this.#first.upload(this.#optimizer.firstMoment.blocks);
    this.#second.upload(this.#optimizer.secondMoment.blocks);
    this.#parameters.forEach(({ starts }, i) => this.#engine.runtime.upload(starts, this.#starts[i].handle));
  }

  #uploadNumbers(step: AdamWStep): void {
    const numbers = this.#numbers;
    this.#weights.specs.forEach(({ name }, i) => {
      const { gradientScale, secondCorrection, beta1, beta2, epsilon, decay, stepSize } = this.#optimizer.factorsOf(name, step);
      if (i === 0) numbers.set([gradientScale, secondCorrection, 1 - beta1, beta2, 1 - beta2, epsilon]);
      numbers.set([decay, stepSize], STEP_WORDS + FACTOR_WORDS * i);
    });
    new Int32Array(numbers.buffer)[SEED_WORD] = this.#optimizer.seed;
    this.#engine.runtime.upload(numbers, this.#step.handle);
  }

  /** Updates every weight once, with its float16 copy if there is one. */
  async apply({ weights, copies }: UpdatedWeights, gradients: DeviceBlocks, step: AdamWStep): Promise<void> {
    this.#optimizer.step += 1;
    this.#uploadNumbers(step);
    gradients.gradientBlocks.forEach((block, i) => {
      const { first, starts } = this.#parameters[i];
      this.#engine.kernels.adamW({
        weights: weights.addresses[i],
        copies: copies?.addresses[i] ?? null,
        gradients: block,
        first: this.#first.addresses[i],
        second: this.#second.addresses[i],
        momentsAreHalf: this.#first.precision === 'float16',
        step: this.#step.handle,
        factors: offsetBy(this.#step.handle, (STEP_WORDS + FACTOR_WORDS * first) * WORD_BYTES),
        starts: this.#starts[i].handle,
        parameters: starts.length,
        firstParameter: first,
      });
    });
    await this.#engine.runtime.synchronize();
  }

  /** Queues a copy of the moments to the host's arrays, which have the values once the stream has been waited for. */
  download(): void {
    this.#first.download(this.#optimizer.firstMoment.blocks);
    this.#second.download(this.#optimizer.secondMoment.blocks);
  }

  release(): void {
    [this.#first, this.#second].forEach((blocks) => blocks.release());
    [...this.#starts, this.#step].forEach((owned) => owned.release());
  }
}
