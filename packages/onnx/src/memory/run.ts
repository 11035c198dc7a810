// The memory of a run as onnxruntime plans it (allocation_planner.cc): which values share a block, and when each block is taken and
// released.
import { Arena } from './arena.ts';
import { type ModelNode } from './model.ts';
import { bytesOf, type ModelValue } from './values.ts';

/** Operations whose result shares the memory of their operand. */
const ALIASES: ReadonlySet<string> = new Set(['Reshape', 'Unsqueeze', 'Identity']);
/** Operations whose CUDA kernels overwrite their only operand, if it has the result's shape and no later reader. */
const IN_PLACE: ReadonlySet<string> = new Set([
  'Neg',
  'Exp',
  'Sqrt',
  'Reciprocal',
  'Sigmoid',
  'Tanh',
  'Relu',
  'Erf',
  'Log',
  'Gelu',
  'QuickGelu',
]);

interface Block {
  readonly bytes: number;
  /** Number of readers that have not run yet while blocks are assigned. */
  readers: number;
  /** Index of the node after which the block is released. */
  last: number;
}

export interface RunOptions {
  readonly nodes: readonly ModelNode[];
  readonly values: ReadonlyMap<string, ModelValue>;
  /** Names of values whose memory is kept by others: inputs, weights, constants and outputs. */
  readonly others: ReadonlySet<string>;
  /** Whether onnxruntime knows the shapes before it runs. It then keeps a released block until the next value of its shape needs one. */
  readonly knowsShapes: boolean;
}

/** Assigns blocks to values, in the order of the run. */
class Assignment {
  /** Blocks that each node takes. */
  readonly asked: Block[][] = [];
  readonly #blocks = new Map<string, Block>();
  readonly #readers = new Map<string, number>();
  /** Released blocks by shape, the newest last. */
  readonly #released = new Map<string, Block[]>();
  readonly #shapes = new Map<Block, string>();
  readonly #options: RunOptions;

  constructor(options: RunOptions) {
    this.#options = options;
    for (const { inputs } of options.nodes) for (const name of inputs) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    options.nodes.forEach((node, place) => this.#assign(node, place));
  }

  #assign(node: ModelNode, place: number): void {
    const asked: Block[] = [];
    node.outputs.forEach((name, i) => {
      if (name === '' || this.#options.others.has(name)) return;
      const readers = this.#readers.get(name) ?? 0;
      const shared = (i === 0 ? this.#operandOf(node, name) : undefined) ?? this.#releasedFor(name);
      if (shared === 'elsewhere') return;
      const block = shared ?? { bytes: bytesOf(this.#value(name)), readers: 0, last: place };
      if (!shared) asked.push(block);
      Object.assign(block, { readers: block.readers + readers, last: place });
      this.#blocks.set(name, block);
      this.#shapes.set(block, this.#shapeOf(name));
    });
    this.asked.push(asked);
    this.#read(node, place);
  }

  #read({ inputs, outputs }: ModelNode, place: number): void {
    for (const name of inputs) {
      const block = this.#blocks.get(name);
      if (!block) continue;
      block.readers -= 1;
      block.last = place;
      if (block.readers === 0) this.#release(block);
    }
    for (const name of outputs) {
      const block = this.#blocks.get(name);
      if (block && block.readers === 0 && !this.#readers.has(name)) this.#release(block);
    }
  }

  #release(block: Block): void {
    const shape = this.#shapes.get(block)!;
    this.#released.set(shape, [...(this.#released.get(shape) ?? []), block]);
  }

  /** The operand's block into which a result is written; 'elsewhere' if that operand has no block. */
  #operandOf({ opType, inputs }: ModelNode, name: string): Block | 'elsewhere' | undefined {
    const block = this.#blocks.get(inputs[0]);
    if (ALIASES.has(opType)) return block ?? 'elsewhere';
    const fits = this.#options.knowsShapes && IN_PLACE.has(opType) && this.#shapeOf(inputs[0]) === this.#shapeOf(name);
    return fits && block?.readers === 1 ? block : undefined;
  }

  #releasedFor(name: string): Block | undefined {
    return this.#options.knowsShapes ? this.#released.get(this.#shapeOf(name))?.pop() : undefined;
  }

  #value(name: string): ModelValue {
    return this.#options.values.get(name)!;
  }

  #shapeOf(name: string): string {
    const { shape, elementBytes } = this.#value(name);
    return `${elementBytes}:${shape.join()}`;
  }
}

/**
 * Bytes that `runs` runs of the nodes take from the device. The arena keeps the peak of a run, and takes more if its pieces do not fit the
 * next run.
 */
export function memoryOfRuns(options: RunOptions, runs = 2): number {
  const { asked } = new Assignment(options);
  const endings = new Map<number, Block[]>();
  for (const block of asked.flat()) endings.set(block.last, [...(endings.get(block.last) ?? []), block]);
  const arena = new Arena();
  for (let run = 0; run < runs; run++) {
    const pieces = new Map<Block, ReturnType<Arena['allocate']>>();
    options.nodes.forEach((_, place) => {
      for (const block of asked[place]) pieces.set(block, arena.allocate(block.bytes));
      for (const block of endings.get(place) ?? []) arena.release(pieces.get(block)!);
    });
  }
  return arena.taken;
}
