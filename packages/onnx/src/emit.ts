// Writes a graph as ONNX bytes: lowered for a device, in an order that keeps few activations in memory.
import { type ComputedKind, isNode, type Graph, type OpNode, type Tensor } from '@styleforge/autodiff';
import { type FloatPrecision, ModelBuilder } from './file/model-builder.ts';
import { lower, reachableNodes } from './lower.ts';
import { lowerings, type Target } from './lowering/index.ts';
import { weightPrecisions } from './lowering/half-weights.ts';
import { type Emitter } from './lowering/lowering.ts';
import { MixedPrecision, type NodePrecision } from './lowering/precision.ts';

export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** Inputs and parameters that the outputs depend on, each with its name in the graph. */
  readonly inputs: readonly Tensor[];
  readonly inputNames: readonly string[];
  /** Precisions in which the model reads each weight, by the weight's name. The model has one input for each of them (`weightInput`). */
  readonly weights: ReadonlyMap<string, readonly FloatPrecision[]>;
  /** ONNX name of each output: its name with a prefix, so that an output can have the name of an input. */
  readonly outputNames: Readonly<Record<string, string>>;
  /**
   * The tensor that the model returns for each output. It has the requested values, but its shape may differ
   * (Lowering.writesIntoGivenArrays).
   */
  readonly outputTensors: Readonly<Record<string, Tensor>>;
}

const OUTPUT_PREFIX = 'out:';
const HALF_PREFIX = 'half:';
const ONLY_FULL: readonly FloatPrecision[] = ['float32'];
const FULL: NodePrecision = { operands: 'float32', result: 'float32', further: 'float32' };

export interface EmitOptions {
  /**
   * Whether to save memory at the cost of time: onnxruntime learns no shapes before a run, and the lowering keeps fewer values at once.
   */
  readonly hidesShapes?: boolean;
  /** Whether matrix products, convolutions and the operations between them use float16. Inputs, weights and outputs stay float32. */
  readonly mixedPrecision?: boolean;
  /**
   * Whether weights that mixed precision reads as float16 are float16 inputs, so that they are not rounded in every run
   * (`OnnxModel.weights`).
   */
  readonly halfWeights?: boolean | undefined;
  /** Names of outputs that are returned as float16. */
  readonly float16?: readonly string[];
  /** Operations that the device's own kernels compute. Their nodes are kept instead of being replaced by other operations. */
  readonly ownKernels?: readonly ComputedKind[] | undefined;
}

/**
 * Sorts nodes so that few values exist at the same time. onnxruntime runs depth first from the last leaf in the file. Leaves therefore go
 * to the end in reverse order: the graph appends the gradients of the first layers last. So each weight gradient runs as soon as its
 * operands exist.
 */
function memoryOrder(nodes: readonly OpNode[], leaves: ReadonlySet<OpNode>): OpNode[] {
  return [...nodes.filter((node) => !leaves.has(node)), ...nodes.filter((node) => leaves.has(node)).reverse()];
}

/** The name of the model's input for a weight in one precision. */
export const weightInput = (name: string, precision: FloatPrecision): string => (precision === 'float16' ? HALF_PREFIX + name : name);

/**
 * ONNX names of values. A float16 value is cast separately for every float32 reader, so that only the float16 value stays in memory for
 * long.
 */
class ValueNames {
  readonly #builder: ModelBuilder;
  readonly #values = new Map<number, Partial<Record<FloatPrecision, string>>>();

  constructor(builder: ModelBuilder) {
    this.#builder = builder;
  }

  set({ id }: Tensor, name: string, precision: FloatPrecision = 'float32'): void {
    this.#values.set(id, { ...this.#values.get(id), [precision]: name });
  }

  get({ id, dtype }: Tensor, precision: FloatPrecision = 'float32'): string {
    const value = this.#values.get(id)!;
    const other = (value.float32 ?? value.float16)!;
    return dtype === 'float32' ? (value[precision] ?? this.#builder.cast(other, precision)) : other;
  }
}

/** Writes one model, node by node. */
class Emission {
  readonly names: ValueNames;
  readonly inputs: { readonly name: string; readonly tensor: Tensor }[] = [];
  readonly weights = new Map<string, readonly FloatPrecision[]>();
  readonly #builder: ModelBuilder;
  readonly #target: Target;
  readonly #outputs: Readonly<Record<string, Tensor>>;
  readonly #float16: ReadonlySet<string>;
  readonly #nodes: readonly OpNode[];
  readonly #consumed: ReadonlySet<number>;
  readonly #leaves: ReadonlySet<OpNode>;
  readonly #precisions: ReadonlyMap<OpNode, NodePrecision>;
  readonly #exported: ReadonlySet<number>;
  readonly #halved: ReadonlySet<number>;
  /** Ids of additional results that every reader uses without a cast. */
  readonly #statistics: ReadonlySet<number>;
  readonly #weightPrecisions: ReadonlyMap<number, readonly FloatPrecision[]> | undefined;

  constructor(builder: ModelBuilder, graph: Graph, outputs: Readonly<Record<string, Tensor>>, target: Target, options: EmitOptions) {
    this.#builder = builder;
    this.#target = target;
    this.#outputs = outputs;
    this.names = new ValueNames(builder);
    this.#float16 = new Set(options.float16);
    this.#nodes = reachableNodes(graph, Object.values(outputs));
    this.#consumed = new Set(this.#nodes.flatMap((node) => node.inputs.map(({ id }) => id)));
    this.#leaves = new Set(this.#nodes.filter((node) => node.inputs.length > 0 && !node.outputs.some(({ id }) => this.#consumed.has(id))));
    const mixed = options.mixedPrecision ? new MixedPrecision(lowerings[target].normalizesHalf) : null;
    this.#exported = new Set(Object.values(outputs).map(({ id }) => id));
    const precisions = new Map(this.#nodes.map((node) => [node, mixed?.of(node) ?? FULL]));
    const read = mixed && options.halfWeights ? weightPrecisions({ nodes: this.#nodes, precisions, exported: this.#exported }) : null;
    this.#precisions = read?.precisions ?? precisions;
    this.#weightPrecisions = read?.weights;
    const statistics = this.#nodes.filter((node) => this.#precisions.get(node)!.further === 'float32');
    this.#statistics = new Set(statistics.flatMap(({ outputs: [, ...further] }) => further.map(({ id }) => id)));
    this.#halved = new Set([...this.#float16].map((name) => outputs[name].id));
  }

  write(): void {
    for (const node of memoryOrder(this.#nodes, this.#leaves)) {
      if (isNode(node, 'input')) this.#declare(node);
      else if (isNode(node, 'parameter')) this.#declareWeight(node);
      else this.#compute(node);
    }
    for (const [name, tensor] of Object.entries(this.#outputs)) {
      const precision = this.#float16.has(name) ? 'float16' : 'float32';
      const type = tensor.dtype === 'float32' ? precision : tensor.dtype;
      this.#builder.exportAs(this.names.get(tensor, precision), OUTPUT_PREFIX + name, type, tensor.shape);
    }
  }

  #declare({ attributes: { name }, outputs: [output] }: OpNode<'input'>): void {
    this.#builder.input(name, output.dtype, output.shape);
    this.names.set(output, name);
    this.inputs.push({ name, tensor: output });
  }

  #declareWeight({ attributes: { name }, outputs: [output] }: OpNode<'parameter'>): void {
    const precisions = this.#weightPrecisions?.get(output.id) ?? ONLY_FULL;
    for (const precision of precisions) {
      this.#builder.input(weightInput(name, precision), precision, output.shape);
      this.names.set(output, weightInput(name, precision), precision);
    }
    this.inputs.push({ name, tensor: output });
    this.weights.set(name, precisions);
  }

  #compute(node: OpNode): void {
    const precision = this.#precisions.get(node)!;
    const operands = node.inputs.map((input) => this.names.get(input, this.#statistics.has(input.id) ? 'float32' : precision.operands));
    const emit = lowerings[this.#target].emitters[node.kind] as Emitter<OpNode['kind']>;
    const wanted = node.outputs.map(({ id }) => this.#consumed.has(id) || this.#exported.has(id));
    const [first, ...further] = [emit({ builder: this.#builder, node, operands, precision: precision.operands, wanted })].flat();
    this.#keep(node, first, precision);
    further.forEach((name, i) => this.names.set(node.outputs[i + 1], name, precision.further));
  }

  /** Names a node's first result, in the precision in which it is stored. */
  #keep(node: OpNode, result: string, precision: NodePrecision): void {
    const [output] = node.outputs;
    const full = this.#exported.has(output.id) ? 'float32' : precision.result;
    const kept = this.#halved.has(output.id) && this.#leaves.has(node) ? 'float16' : full;
    const isKept = kept === precision.operands || output.dtype !== 'float32';
    this.names.set(output, isKept ? result : this.#builder.cast(result, kept), kept);
  }
}

/** Writes the part of `graph` that computes `wanted` (tensors by output name) as a model that is not yet serialized. */
export function writeModel(
  graph: Graph,
  wanted: Readonly<Record<string, Tensor>>,
  target: Target,
  options: EmitOptions = {},
): { readonly builder: ModelBuilder; readonly emission: Emission; readonly outputs: Readonly<Record<string, Tensor>> } {
  const { graph: lowered, outputs } = lower(graph, wanted, lowerings[target], options);
  const builder = new ModelBuilder(options);
  const emission = new Emission(builder, lowered, outputs, target, options);
  emission.write();
  return { builder, emission, outputs };
}

/** Writes the part of `graph` that computes `wanted` as the bytes of an ONNX file, with the types of its inputs and outputs. */
export function emitOnnx(graph: Graph, wanted: Readonly<Record<string, Tensor>>, target: Target, options: EmitOptions = {}): OnnxModel {
  const { builder, emission, outputs } = writeModel(graph, wanted, target, options);
  return {
    bytes: builder.build(),
    inputs: emission.inputs.map(({ tensor }) => tensor),
    inputNames: emission.inputs.map(({ name }) => name),
    weights: emission.weights,
    outputTensors: outputs,
    outputNames: Object.fromEntries(Object.keys(outputs).map((name) => [name, OUTPUT_PREFIX + name])),
  };
}
