// A written model as onnxruntime runs it: in its order, and without what it computes when it loads the model.
import { type GraphProto, type NodeProto } from '../generated/onnx_pb.ts';

/** A node with the names of its inputs and outputs. */
export interface ModelNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

interface Optimized {
  readonly nodes: readonly ModelNode[];
  /** Names of values that are part of the loaded model. */
  readonly constants: ReadonlySet<string>;
}

const keyOf = ({ opType, domain, attribute }: NodeProto, inputs: readonly string[]): string =>
  [domain, opType, ...inputs, ...attribute.map(({ name, i, f, ints }) => `${name}=${i ?? ''}/${f ?? ''}/${ints.join()}`)].join(' ');

/** Folds constants, merges equal nodes and removes identities: the optimizations of onnxruntime that change memory use. */
function optimized({ node: nodes, initializer, output }: GraphProto): Optimized {
  const constants = new Set(initializer.map(({ name }) => name!));
  const exported = new Set(output.map(({ name }) => name!));
  const renamed = new Map<string, string>();
  const merged = new Map<string, readonly string[]>();
  const kept: ModelNode[] = [];
  for (const node of nodes) {
    const inputs = node.input.map((name) => renamed.get(name) ?? name);
    const isExported = node.output.some((name) => exported.has(name));
    if (inputs.every((name) => constants.has(name)) && !isExported) {
      node.output.forEach((name) => constants.add(name));
      continue;
    }
    const key = keyOf(node, inputs);
    const same = node.opType === 'Identity' ? inputs : merged.get(key);
    if (same && !isExported) {
      node.output.forEach((name, i) => renamed.set(name, same[i]));
      continue;
    }
    merged.set(key, node.output);
    kept.push({ opType: node.opType!, inputs, outputs: node.output });
  }
  return { nodes: kept, constants };
}

/**
 * Sorts nodes depth first from the last leaf. Among a node's operands, the one that was written last comes first (GraphViewer,
 * NodeCompare).
 */
function inRunOrder(nodes: readonly ModelNode[]): ModelNode[] {
  const producer = new Map(nodes.flatMap(({ outputs }, i) => outputs.map((name) => [name, i] as const)));
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const stack: { readonly index: number; readonly leaves: boolean }[] = [];
  nodes.forEach(({ outputs }, index) => {
    if (!outputs.some((name) => read.has(name))) stack.push({ index, leaves: false });
  });
  const [visited, order]: [Set<number>, ModelNode[]] = [new Set(), []];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { index, leaves } = top;
    if (leaves) order.push(nodes[index]);
    if (leaves || visited.has(index)) continue;
    visited.add(index);
    stack.push({ index, leaves: true });
    const above = nodes[index].inputs.flatMap((name) => producer.get(name) ?? []);
    for (const next of above.toSorted((a, b) => a - b)) if (!visited.has(next)) stack.push({ index: next, leaves: false });
  }
  return order;
}

/** The nodes in onnxruntime's order. `optimizes`: whether onnxruntime may change the graph. */
export function nodesAsRun(graph: GraphProto, optimizes: boolean): Optimized {
  const plain = {
    nodes: graph.node.map(({ opType, input, output }) => ({ opType: opType!, inputs: input, outputs: output })),
    constants: new Set(graph.initializer.map(({ name }) => name!)),
  };
  const { nodes, constants } = optimizes ? optimized(graph) : plain;
  return { nodes: inRunOrder(nodes), constants };
}
