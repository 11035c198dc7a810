// What a device decides about a graph: which operations are written as others, and how each is written in ONNX.
import { type ComputedKind, type Graph, type OpKind, type OpNode, type Tensor } from '@styleforge/autodiff';
import { type FloatPrecision, type ModelBuilder } from '../file/model-builder.ts';

export interface EmitContext<K extends OpKind = OpKind> {
  readonly builder: ModelBuilder;
  readonly node: OpNode<K>;
  /** ONNX names of the operands. */
  readonly operands: readonly string[];
  /** Precision of the operands, and of what is computed from them. */
  readonly precision: FloatPrecision;
  /** Whether anything reads each result. */
  readonly wanted: readonly boolean[];
}

/** Writes a node; returns the ONNX name of its result, or of each of its results as far as they are wanted. */
export type Emitter<K extends OpKind> = (context: EmitContext<K>) => string | readonly string[];
/** An operation without its emitter does not compile. */
export type Emitters = { readonly [K in OpKind]: Emitter<K> };

/** Appends other operations to `graph` that compute the node's results from `inputs`; null leaves the node as it is. */
export type Expansion<K extends ComputedKind> = (graph: Graph, node: OpNode<K>, inputs: readonly Tensor[]) => readonly Tensor[] | null;
export type Expansions = { readonly [K in ComputedKind]?: Expansion<K> };

export interface Lowering {
  readonly expansions: Expansions;
  /** Instead of some of them, where memory is dearer than time. */
  readonly savingMemory?: Expansions;
  readonly emitters: Emitters;
  /** Operations that the device has kernels of its own for, where it is asked to use them (EmitOptions.ownKernels), and whether one fits a node. */
  readonly ownKernels?: { readonly [K in ComputedKind]?: (node: OpNode<K>) => boolean };
  /**
   * Whether results are written into arrays that the caller gives. onnxruntime lets a reshape share its operand's memory, so an output
   * that is one would be computed elsewhere and copied after the run: such outputs are the values under their final reshapes.
   */
  readonly writesIntoGivenArrays: boolean;
  /** Whether softmax and normalizations read float16 and compute in float32 inside, so that no casts surround them in mixed precision. */
  readonly normalizesHalf?: boolean;
}
