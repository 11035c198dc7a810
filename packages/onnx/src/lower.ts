// Replaces a graph by the one that a device runs: only what the outputs need, with some operations replaced by others.
import { Graph, isNode, type ComputedKind, type OpNode, type Tensor } from '@styleforge/autodiff';
import { type Expansion, type Expansions, type Lowering } from './lowering/lowering.ts';

export interface Lowered {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** The nodes that the outputs depend on, in the graph's order. */
export function reachableNodes(graph: Graph, outputs: readonly Tensor[]): OpNode[] {
  const wanted = new Set(outputs.map((output) => graph.nodeOf(output)));
  for (const node of [...graph.nodes].reverse()) {
    if (wanted.has(node)) node.inputs.forEach((input) => wanted.add(graph.nodeOf(input)));
  }
  return graph.nodes.filter((node) => wanted.has(node));
}

/** The value before its final reshapes: the same numbers in the same order, perhaps in another shape. */
function withoutReshapes(graph: Graph, tensor: Tensor): Tensor {
  const node = graph.nodeOf(tensor);
  return node.kind === 'reshape' ? withoutReshapes(graph, node.inputs[0]) : tensor;
}

function copy(graph: Graph, node: OpNode, inputs: readonly Tensor[], expansions: Expansions): readonly Tensor[] {
  const [{ shape, dtype }] = node.outputs;
  if (isNode(node, 'input')) return [graph.input(node.attributes.name, shape, dtype)];
  if (isNode(node, 'parameter')) return [graph.parameter(node.attributes.name, shape)];
  if (isNode(node, 'constant')) {
    const { data } = node.attributes;
    return [shape.length === 0 && dtype === 'float32' ? graph.scalar(data[0]) : graph.constant(data, shape)];
  }
  const kind = node.kind as ComputedKind;
  const expand = expansions[kind] as Expansion<ComputedKind> | undefined;
  return expand?.(graph, node as OpNode<ComputedKind>, inputs) ?? graph.applyAll(kind, inputs, node.attributes as never);
}

export interface LoweringOptions {
  /** Whether to use the lowering's expansions that save memory. */
  readonly hidesShapes?: boolean | undefined;
  /** Operations whose nodes are kept (EmitOptions.ownKernels). */
  readonly ownKernels?: readonly ComputedKind[] | undefined;
}

export function lower(
  graph: Graph,
  wanted: Readonly<Record<string, Tensor>>,
  lowering: Lowering,
  { hidesShapes = false, ownKernels = [] }: LoweringOptions = {},
): Lowered {
  const expansions = hidesShapes ? { ...lowering.expansions, ...lowering.savingMemory } : lowering.expansions;
  const own = (node: OpNode): boolean =>
    ownKernels.includes(node.kind as ComputedKind) && (lowering.ownKernels?.[node.kind as ComputedKind]?.(node as never) ?? false);
  const outputs = Object.entries(wanted).map(
    ([name, tensor]) => [name, lowering.writesIntoGivenArrays ? withoutReshapes(graph, tensor) : tensor] as const,
  );
  const lowered = new Graph();
  const places = new Map<number, Tensor>();
  const needed = outputs.map(([, tensor]) => tensor);
  for (const node of reachableNodes(graph, needed)) {
    const inputs = node.inputs.map(({ id }) => places.get(id)!);
    const results = copy(lowered, node, inputs, own(node) ? {} : expansions);
    node.outputs.forEach(({ id }, i) => places.set(id, results[i]));
  }
  return { graph: lowered, outputs: Object.fromEntries(outputs.map(([name, { id }]) => [name, places.get(id)!])) };
}
