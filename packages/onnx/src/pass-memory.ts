// How much memory the values of a pass take at most: each lives from the node that computes it to its last reader, in the order in which onnxruntime runs.
import { elementCount, type Graph, type OpKind, type OpNode, type Tensor } from '@styleforge/autodiff';
import { type EmitOptions } from './emit.ts';
import { lower, reachableNodes } from './lower.ts';
import { lowerings, type Target } from './lowering/index.ts';
import { MixedPrecision } from './lowering/precision.ts';

/** Results that are their operand's memory. */
const VIEWS: ReadonlySet<OpKind> = new Set<OpKind>(['reshape', 'stopGradient']);
/** Operations that write over an operand whose last reader they are: onnxruntime's CUDA kernels of one operand. */
const IN_PLACE: ReadonlySet<OpKind> = new Set<OpKind>(['neg', 'exp', 'sqrt', 'reciprocal', 'sigmoid', 'tanh', 'relu']);

/** Nodes that are written with copies of their operands, which live as long as they run. */
const COPYING: ReadonlySet<OpKind> = new Set<OpKind>(['conv2dWeightGradient', 'attention']);

/** Depth first from each leaf, in the graph's order: what a leaf needs is computed just before it (see memoryOrder in emit.ts). */
function runOrder(nodes: readonly OpNode[]): OpNode[] {
  const producer = new Map(nodes.flatMap((node) => node.outputs.map(({ id }) => [id, node] as const)));
  const read = new Set(nodes.flatMap((node) => node.inputs.map(({ id }) => id)));
  const [done, order]: [Set<OpNode>, OpNode[]] = [new Set(), []];
  const visit = (leaf: OpNode): void => {
    const stack = [{ node: leaf, next: 0 }];
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        if (!done.has(top.node)) order.push(top.node);
        done.add(top.node);
        stack.pop();
        continue;
      }
      const above = producer.get(input.id);
      if (above && !done.has(above)) stack.push({ node: above, next: 0 });
    }
  };
  for (const node of nodes) if (!node.outputs.some(({ id }) => read.has(id))) visit(node);
  return order;
}

/** Values that share one block of memory, by the tensors' ids. */
class Blocks {
  readonly #rootOf = new Map<number, number>();
  readonly #bytes = new Map<number, number>();
  readonly #readers = new Map<number, number>();
  #live = 0;
  peak = 0;

  root(id: number): number {
    return this.#rootOf.get(id) ?? id;
  }

  add(id: number, bytes: number): void {
    this.#bytes.set(id, bytes);
    this.#live += bytes;
    this.peak = Math.max(this.peak, this.#live);
  }

  /** Memory for as long as one node runs. */
  touch(bytes: number): void {
    this.peak = Math.max(this.peak, this.#live + bytes);
  }

  share(id: number, other: number): void {
    this.#rootOf.set(id, this.root(other));
  }

  expect(id: number, readers: number): void {
    const root = this.root(id);
    this.#readers.set(root, (this.#readers.get(root) ?? 0) + readers);
  }

  isLastReader(id: number, bytes: number): boolean {
    const root = this.root(id);
    return this.#readers.get(root) === 1 && this.#bytes.get(root) === bytes;
  }

  wasRead(id: number): void {
    const root = this.root(id);
    const left = (this.#readers.get(root) ?? 0) - 1;
    this.#readers.set(root, left);
    if (left > 0) return;
    this.#live -= this.#bytes.get(root) ?? 0;
    this.#bytes.delete(root);
  }
}

/** Ids of a node's results that are float16. */
function halvesOf(node: OpNode, mixed: MixedPrecision | null): number[] {
  const precision = mixed?.of(node);
  return node.outputs.filter((_, i) => (i === 0 ? precision?.result : precision?.further) === 'float16').map(({ id }) => id);
}

/**
 * Bytes of the values of a pass at their height, without inputs, parameters and outputs, whose memory others keep, and without what libraries take for
 * themselves.
 */
export function passMemory(
  graph: Graph,
  wanted: Readonly<Record<string, Tensor>>,
  target: Target,
  { mixedPrecision, hidesShapes, ownKernels }: Pick<EmitOptions, 'mixedPrecision' | 'hidesShapes' | 'ownKernels'> = {},
): number {
  const { graph: lowered, outputs } = lower(graph, wanted, lowerings[target], { hidesShapes, ownKernels });
  const nodes = reachableNodes(lowered, Object.values(outputs));
  const mixed = mixedPrecision ? new MixedPrecision(lowerings[target].normalizesHalf) : null;
  const halves = new Set(nodes.flatMap((node) => halvesOf(node, mixed)));
  const bytesOf = ({ id, shape }: Tensor): number => elementCount(shape) * (halves.has(id) ? 2 : 4);
  const kept = new Set(Object.values(outputs).map(({ id }) => id));
  const readers = new Map<number, number>();
  for (const { inputs } of nodes) for (const { id } of inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  const blocks = new Blocks();
  for (const node of runOrder(nodes)) {
    const isGiven = node.kind === 'input' || node.kind === 'parameter';
    node.outputs.forEach((output, place) => {
      const bytes = isGiven || kept.has(output.id) ? 0 : bytesOf(output);
      const reused = place > 0 ? undefined : reusedBy(node, hidesShapes ? 0 : bytes, blocks);
      if (reused === undefined) blocks.add(output.id, bytes);
      else blocks.share(output.id, reused.id);
      blocks.expect(output.id, readers.get(output.id) ?? 0);
      if (!readers.has(output.id)) {
        blocks.expect(output.id, 1);
        blocks.wasRead(output.id);
      }
    });
    if (COPYING.has(node.kind)) blocks.touch(node.inputs.reduce((sum, input) => sum + bytesOf(input), 0));
    for (const { id } of node.inputs) blocks.wasRead(id);
  }
  return blocks.peak;
}

/** The operand whose memory a node's result takes: a view's, or one of as many `bytes`, which onnxruntime only knows where shapes are told. */
function reusedBy({ kind, inputs }: OpNode, bytes: number, blocks: Blocks): Tensor | undefined {
  if (VIEWS.has(kind)) return inputs[0];
  return IN_PLACE.has(kind) && bytes > 0 ? inputs.find(({ id }) => blocks.isLastReader(id, bytes)) : undefined;
}
