// How a device runs a graph: which operations it replaces by others, and how it writes each in ONNX.
import { type ComputedKind, type Graph, type OpKind, type OpNode, type Tensor } from '@styleforge/autodiff';
import { type FloatPrecision, type ModelBuilder } from '../file/model-builder.ts';

export interface EmitContext<K extends OpKind = OpKind> {
  readonly builder: ModelBuilder;
  readonly node: OpNode<K>;
  /** ONNX names of the operands. */
  readonly operands: readonly string[];
  /** Precision of the operands and of the result. */
  readonly precision: FloatPrecision;
  /** Whether each result has a reader. */
  readonly wanted: readonly boolean[];
}

/** Writes a node. Returns the ONNX name of its result, or a list with the names of those results that are wanted. */
export type Emitter<K extends OpKind> = (context: EmitContext<K>) => string | readonly string[];
/** One emitter for each operation. A missing one is a compile error. */
export type Emitters = { readonly [K in OpKind]: Emitter<K> };

/** Appends operations to `graph` that compute the node's results from `inputs`; null keeps the node. */
export type Expansion<K extends ComputedKind> = (graph: Graph, node: OpNode<K>, inputs: readonly Tensor[]) => readonly Tensor[] | null;
export type Expansions = { readonly [K in ComputedKind]?: Expansion<K> };

export interface Lowering {
  readonly expansions: Expansions;
  /** Expansions that replace some of the above to save memory. */
  readonly savingMemory?: Expansions;
  readonly emitters: Emitters;
  /**
   * Operations for which the device has kernels of our own, used on request (EmitOptions.ownKernels), with a test whether a kernel
   * supports a node.
   */
  readonly ownKernels?: { readonly [K in ComputedKind]?: (node: OpNode<K>) => boolean };
  /**
   * Whether results are written into arrays that the caller gives. onnxruntime lets a reshape share its operand's memory, so an output
   * that is a reshape would be computed elsewhere and copied after the run. Such outputs are therefore the values before their final
   * reshapes.
   */
  readonly writesIntoGivenArrays: boolean;
  /** Whether softmax and normalizations accept float16 and compute in float32, so that mixed precision needs no casts around them. */
  readonly normalizesHalf?: boolean;
}
