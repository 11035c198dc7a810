// Graph -> ONNX bytes: what the outputs need, in an order that keeps few activations alive.
import { isNode, type Graph, type OpNode, type Tensor } from '@styleforge/autodiff';
import { emitters, type EmitContext, type Target } from './emitters.ts';
import { ModelBuilder } from './model-builder.ts';

export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** Inputs and parameters that the outputs depend on. */
  readonly inputs: readonly Tensor[];
  readonly inputNames: readonly string[];
  /** ONNX name of each output: its name with a prefix, so that an output may be called like an input. */
  readonly outputNames: Readonly<Record<string, string>>;
  /** What each output is in the model: of the asked values, and perhaps of another shape (see withoutReshapes). */
  readonly outputTensors: Readonly<Record<string, Tensor>>;
}

const OUTPUT_PREFIX = 'out:';

function reachableNodes(graph: Graph, outputs: readonly Tensor[]): OpNode[] {
  const wanted = new Set(outputs.map((output) => graph.nodeOf(output).output.id));
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (wanted.has(id)) graph.nodes[id].inputs.forEach((input) => wanted.add(input.id));
  }
  return graph.nodes.filter((node) => wanted.has(node.output.id));
}

/**
 * onnxruntime runs depth first from the last leaf of the file. Leaves go to the end, those appended last to the graph (the
 * gradients of the first layers) first, so that each weight gradient runs as soon as its operands exist.
 */
function memoryOrder(nodes: readonly OpNode[]): OpNode[] {
  const consumed = new Set(nodes.flatMap((node) => node.inputs.map((input) => input.id)));
  const isLeaf = (node: OpNode): boolean => !consumed.has(node.output.id) && node.inputs.length > 0;
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}

/**
 * The value under final reshapes: the same numbers in the same order. onnxruntime lets a reshape share its operand's memory, so
 * an output that is one would be computed elsewhere and copied into the array given for it after the run, all of them at once.
 */
function withoutReshapes(graph: Graph, tensor: Tensor): Tensor {
  const node = graph.nodeOf(tensor);
  return node.kind === 'reshape' ? withoutReshapes(graph, node.inputs[0]) : tensor;
}

/** Writes the part of `graph` that computes `outputs` (name -> tensor). */
export function emitOnnx(graph: Graph, wanted: Readonly<Record<string, Tensor>>, target: Target, options: { hidesShapes?: boolean; refusesResults?: boolean } = {}): OnnxModel {
  const outputs = Object.fromEntries(Object.entries(wanted).map(([name, tensor]) => [name, target === 'cpu' ? withoutReshapes(graph, tensor) : tensor]));
  const builder = new ModelBuilder(options);
  const nodes = memoryOrder(reachableNodes(graph, Object.values(outputs)));
  const deviations = new Set(nodes.filter((node) => node.kind === 'inverseDeviation').map((node) => node.inputs[0].id));
  const names = new Map<number, string>();
  const shared = new Map<string, string>();
  const inputs: Tensor[] = [];
  for (const node of nodes) {
    if (isNode(node, 'input') || isNode(node, 'parameter')) {
      const { name } = node.attributes;
      builder.input(name, node.output.dtype, node.output.shape);
      names.set(node.output.id, name);
      inputs.push(node.output);
      continue;
    }
    const operands = node.inputs.map((input) => names.get(input.id)!);
    const wantsDeviation = node.inputs.length > 0 && deviations.has(node.inputs[0].id);
    const emit = emitters[node.kind] as (context: EmitContext) => string;
    names.set(node.output.id, emit({ builder, target, node, operands, wantsDeviation, shared }));
  }
  for (const [name, tensor] of Object.entries(outputs)) {
    builder.exportAs(names.get(tensor.id)!, OUTPUT_PREFIX + name, tensor.dtype, tensor.shape);
  }
  if (options.refusesResults) builder.refuseResults();
  return {
    bytes: builder.build(), inputs, inputNames: inputs.map((input) => names.get(input.id)!),
    outputTensors: outputs, outputNames: Object.fromEntries(Object.keys(outputs).map((name) => [name, OUTPUT_PREFIX + name])),
  };
}
