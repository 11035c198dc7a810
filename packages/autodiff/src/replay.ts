// Recomputation: the copy of a segment that the backward pass reads in place of kept activations. Values that cost much are kept nevertheless.
import { type Graph, type OpNode } from './graph.ts';
import { type ComputedKind } from './shape-rules.ts';
import { type Tensor } from './tensor.ts';

/** Multiplications behind one value of a product of matrices, a convolution or attention; 0 for everything else. */
function workPerValue({ kind, inputs }: OpNode): number {
  switch (kind) {
    case 'attention':
      return 2 * inputs[1].shape[1];
    case 'softmaxProduct':
      return inputs[1].shape.at(-1)!;
    case 'conv2d':
      return inputs[1].shape.slice(1).reduce((product, dimension) => product * dimension, 1);
    case 'linear':
      return inputs[1].shape[1];
    default:
      return 0;
  }
}

/** From here on a value is kept: at the size of Stable Diffusion 1.5 a tenth less time for a fortieth more memory (docs/experiments/engine.md). */
const MOST_REPEATED_WORK = 1024;

export class Replay {
  readonly #graph: Graph;
  readonly #nodesOf = new Map<number, OpNode[]>();
  /** Per replayed segment: original tensor id -> the tensor to read instead. */
  readonly #copies = new Map<number, Map<number, Tensor>>();

  constructor(graph: Graph) {
    this.#graph = graph;
    for (const node of graph.nodes) {
      const segment = graph.segmentOf(node.output);
      if (segment !== null) this.#nodesOf.set(segment, [...(this.#nodesOf.get(segment) ?? []), node]);
    }
  }

  /** Copies the node's segment when its first gradient arrives. */
  ensure(node: OpNode, dy: Tensor): void {
    const segment = this.#graph.segmentOf(node.output);
    if (segment === null || this.#copies.has(segment)) return;
    const copies = new Map<number, Tensor>();
    this.#copies.set(segment, copies);
    const zero = this.#zeroFrom(dy);
    for (const original of this.#nodesOf.get(segment)!) {
      if (workPerValue(original) >= MOST_REPEATED_WORK) this.#anchored(original.output, zero, copies);
      else copies.set(original.output.id, this.#copy(original, zero, copies));
    }
  }

  #copy({ kind, inputs, attributes }: OpNode, zero: Tensor, copies: Map<number, Tensor>): Tensor {
    const operands = inputs.map((input) => copies.get(input.id) ?? this.#anchored(input, zero, copies));
    return this.#graph.apply(kind as ComputedKind, operands, attributes as never);
  }

  /** The tensor that stands for `tensor`, an operand or the result of `node`, in the backward pass. */
  valueFor(node: OpNode, tensor: Tensor): Tensor {
    const segment = this.#graph.segmentOf(node.output);
    return segment === null ? tensor : (this.#copies.get(segment)!.get(tensor.id) ?? tensor);
  }

  /**
   * What enters the segment or is kept of it, made to depend on the incoming gradient: the copy then cannot run before the backward pass
   * needs it, nor be merged with the original. Adding zero times a finite number changes no bit.
   */
  #anchored(input: Tensor, zero: Tensor, copies: Map<number, Tensor>): Tensor {
    const isActivation = input.dtype === 'float32' && this.#graph.nodeOf(input).inputs.length > 0;
    if (!isActivation) return input;
    const anchored = this.#graph.add(input, zero);
    copies.set(input.id, anchored);
    return anchored;
  }

  #zeroFrom(dy: Tensor): Tensor {
    let first = dy;
    dy.shape.forEach((dimension, axis) => {
      if (dimension > 1) first = this.#graph.slice(first, axis, 0, 1);
    });
    return this.#graph.mul(this.#graph.reshape(first, []), 0);
  }
}
