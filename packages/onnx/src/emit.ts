// Graph -> ONNX bytes: what the outputs need, in an order that keeps few activations alive.
import { isNode, type Graph, type OpNode, type Tensor } from '@styleforge/autodiff';
import { emitters, type EmitContext } from './emitters.ts';
import { type FloatPrecision, MixedPrecision, type NodePrecision } from './mixed-precision.ts';
import { ModelBuilder, type Target } from './model-builder.ts';

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
const FULL: NodePrecision = { operands: 'float32', result: 'float32' };

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
function memoryOrder(nodes: readonly OpNode[], leaves: ReadonlySet<OpNode>): OpNode[] {
  return [...nodes.filter((node) => !leaves.has(node)), ...nodes.filter((node) => leaves.has(node)).reverse()];
}

/** Nodes whose results no other one reads. */
function leavesOf(nodes: readonly OpNode[]): Set<OpNode> {
  const consumed = new Set(nodes.flatMap((node) => node.inputs.map((input) => input.id)));
  return new Set(nodes.filter((node) => !consumed.has(node.output.id) && node.inputs.length > 0));
}

/**
 * The value under final reshapes: the same numbers in the same order. onnxruntime lets a reshape share its operand's memory, so
 * an output that is one would be computed elsewhere and copied into the array given for it after the run, all of them at once.
 */
function withoutReshapes(graph: Graph, tensor: Tensor): Tensor {
  const node = graph.nodeOf(tensor);
  return node.kind === 'reshape' ? withoutReshapes(graph, node.inputs[0]) : tensor;
}

export interface EmitOptions {
  readonly hidesShapes?: boolean;
  readonly refusesResults?: boolean;
  /** Products and what lies between them in float16; inputs, weights and outputs stay float32. */
  readonly mixedPrecision?: boolean;
  /** Names of outputs that are given as float16. */
  readonly float16?: readonly string[];
}

/** ONNX names of values. A float16 value is cast for every float32 reader anew, so that what lives long is the float16 one. */
class ValueNames {
  readonly #builder: ModelBuilder;
  readonly #values = new Map<number, { readonly name: string; readonly precision: FloatPrecision }>();

  constructor(builder: ModelBuilder) {
    this.#builder = builder;
  }

  set({ id }: Tensor, name: string, precision: FloatPrecision = 'float32'): void {
    this.#values.set(id, { name, precision });
  }

  get({ id, dtype }: Tensor, precision: FloatPrecision = 'float32'): string {
    const value = this.#values.get(id)!;
    return dtype !== 'float32' || value.precision === precision ? value.name : this.#builder.cast(value.name, precision);
  }
}

/** Writes the part of `graph` that computes `outputs` (name -> tensor). */
export function emitOnnx(graph: Graph, wanted: Readonly<Record<string, Tensor>>, target: Target, options: EmitOptions = {}): OnnxModel {
  const outputs = Object.fromEntries(
    Object.entries(wanted).map(([name, tensor]) => [name, target !== 'webgpu' ? withoutReshapes(graph, tensor) : tensor]),
  );
  const builder = new ModelBuilder(options);
  const mixed = options.mixedPrecision ? new MixedPrecision() : null;
  const exported = new Set(Object.values(outputs).map(({ id }) => id));
  const halved = new Set((options.float16 ?? []).map((name) => outputs[name].id));
  const nodes = reachableNodes(graph, Object.values(outputs));
  const leaves = leavesOf(nodes);
  const precisions = new Map(nodes.map((node) => [node, mixed?.of(node) ?? FULL]));
  const deviations = new Set(nodes.filter((node) => node.kind === 'inverseDeviation').map((node) => node.inputs[0].id));
  const names = new ValueNames(builder);
  const shared = new Map<string, string>();
  const inputs: Tensor[] = [];
  for (const node of memoryOrder(nodes, leaves)) {
    if (isNode(node, 'input') || isNode(node, 'parameter')) {
      const { name } = node.attributes;
      builder.input(name, node.output.dtype, node.output.shape);
      names.set(node.output, name);
      inputs.push(node.output);
      continue;
    }
    const precision = precisions.get(node)!;
    const operands = node.inputs.map((input) => names.get(input, precision.operands));
    const wantsDeviation = node.inputs.length > 0 && deviations.has(node.inputs[0].id);
    const emit = emitters[node.kind] as (context: EmitContext) => string;
    const result = emit({ builder, target, node, operands, precision: precision.operands, wantsDeviation, shared });
    const full = exported.has(node.output.id) ? 'float32' : precision.result;
    const kept = halved.has(node.output.id) && leaves.has(node) ? 'float16' : full;
    names.set(node.output, kept === precision.operands || node.output.dtype !== 'float32' ? result : builder.cast(result, kept), kept);
  }
  for (const [name, tensor] of Object.entries(outputs)) {
    const precision = options.float16?.includes(name) ? 'float16' : 'float32';
    builder.exportAs(
      names.get(tensor, precision),
      OUTPUT_PREFIX + name,
      tensor.dtype === 'float32' ? precision : tensor.dtype,
      tensor.shape,
    );
  }
  if (options.refusesResults) builder.refuseResults();
  return {
    bytes: builder.build(),
    inputs,
    inputNames: inputs.map((input) => names.get(input)),
    outputTensors: outputs,
    outputNames: Object.fromEntries(Object.keys(outputs).map((name) => [name, OUTPUT_PREFIX + name])),
  };
}
