// Recomputation: the copy of a segment that the backward pass reads instead of kept activations. Expensive values are kept anyway.
import { workPerValue } from './gradient-rules.ts';
import { type Graph } from './graph.ts';
import { type OpNode } from './nodes.ts';
import { type ComputedKind } from './shape-rules.ts';
import { type Tensor } from './tensor.ts';

export class Replay {
  readonly #graph: Graph;
  readonly #nodesOf = new Map<number, OpNode[]>();
  /** The tensor to read instead of each original tensor, by segment and tensor id. */
  readonly #copies = new Map<number, Map<number, Tensor>>();

  constructor(graph: Graph) {
    this.#graph = graph;
    for (const node of graph.nodes) {
      const segment = graph.segmentOf(node.outputs[0]);
      if (segment !== null) this.#nodesOf.set(segment, [...(this.#nodesOf.get(segment) ?? []), node]);
    }
  }

  /** Copies the node's segment when its first gradient arrives. */
  ensure(node: OpNode, dy: Tensor): void {
    const segment = this.#graph.segmentOf(node.outputs[0]);
    if (segment === null || this.#copies.has(segment)) return;
    const copies = new Map<number, Tensor>();
    this.#copies.set(segment, copies);
    const zero = this.#zeroFrom(dy);
    for (const original of this.#nodesOf.get(segment)!) {
      const work = (workPerValue[original.kind] as (node: OpNode) => number)(original);
      if (work >= this.#graph.keptWork) original.outputs.forEach((output) => this.#anchored(output, zero, copies));
      else this.#copy(original, zero, copies);
    }
  }

  #copy({ kind, inputs, attributes, outputs }: OpNode, zero: Tensor, copies: Map<number, Tensor>): void {
    const operands = inputs.map((input) => copies.get(input.id) ?? this.#anchored(input, zero, copies));
    const results = this.#graph.applyAll(kind as ComputedKind, operands, attributes as never);
    outputs.forEach(({ id }, i) => copies.set(id, results[i]));
  }

  /** The tensor that the backward pass reads instead of `tensor`, which is an operand or the result of `node`. */
  valueFor(node: OpNode, tensor: Tensor): Tensor {
    const segment = this.#graph.segmentOf(node.outputs[0]);
    return segment === null ? tensor : (this.#copies.get(segment)!.get(tensor.id) ?? tensor);
  }

  /**
   * Makes a segment's input or kept value depend on the incoming gradient. The copy then cannot run before the backward pass
   * needs it, and cannot be merged with the original. Adding zero times a finite number changes no bit.
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
