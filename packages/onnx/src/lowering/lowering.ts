// A device's decisions about a graph: which operations are replaced by others, and how each is written in ONNX.
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

/** Writes a node. Returns the ONNX name of its result, or a list of names with those results that are wanted. */
export type Emitter<K extends OpKind> = (context: EmitContext<K>) => string | readonly string[];
/** The emitters of all operations. An operation without one does not compile. */
export type Emitters = { readonly [K in OpKind]: Emitter<K> };

/** Appends operations to `graph` that compute the node's results from `inputs`; null keeps the node. */
export type Expansion<K extends ComputedKind> = (graph: Graph, node: OpNode<K>, inputs: readonly Tensor[]) => readonly Tensor[] | null;
export type Expansions = { readonly [K in ComputedKind]?: Expansion<K> };

export interface Lowering {
  readonly expansions: Expansions;
  /** Expansions that replace some of them to save memory. */
  readonly savingMemory?: Expansions;
  readonly emitters: Emitters;
  /** Operations that the device has kernels of its own for, where it is asked to use them (EmitOptions.ownKernels), and whether one fits a node. */
  readonly ownKernels?: { readonly [K in ComputedKind]?: (node: OpNode<K>) => boolean };
  /**
   * Whether results are written into arrays that the caller gives. onnxruntime lets a reshape share its operand's memory, so an output
   * that is one would be computed elsewhere and copied after the run: such outputs are the values under their final reshapes.
   */
  readonly writesIntoGivenArrays: boolean;
  /** Whether softmax and normalizations accept float16 and compute in float32, so that mixed precision needs no casts around them. */
  readonly normalizesHalf?: boolean;
}
