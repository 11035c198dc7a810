// The parts of a graph: its options, its nodes, and custom gradients that replace those of several operations.
import { type OpAttributes, type OpKind } from './ops.ts';
import { type Tensor } from './tensor.ts';

export interface OpNode<K extends OpKind = OpKind> {
  readonly kind: K;
  readonly inputs: readonly Tensor[];
  readonly attributes: OpAttributes[K];
  /** One result for most operations. */
  readonly outputs: readonly Tensor[];
}

/** Input of a custom gradient's rule. Its values were kept or computed again, as recomputation requires. */
export interface OwnGradientContextOf<GraphType> {
  readonly graph: GraphType;
  readonly operands: readonly Tensor[];
  /** Values between operands and result that the rule uses. */
  readonly saved: readonly Tensor[];
  readonly output: Tensor;
  /** Gradient of the loss with respect to the value. */
  readonly dy: Tensor;
  /** Whether operand i needs a gradient. */
  readonly needs: readonly boolean[];
}

/** A custom gradient, which replaces those of the operations between `operands` and a value. */
export interface OwnGradientOf<GraphType> {
  readonly operands: readonly Tensor[];
  readonly saved: readonly Tensor[];
  readonly rule: (context: OwnGradientContextOf<GraphType>) => readonly (Tensor | null)[];
}

/** Narrows a node to its kind. */
export function isNode<K extends OpKind>(node: OpNode, kind: K): node is OpNode<K> {
  return (node.kind as OpKind) === kind;
}

export interface GraphOptions {
  readonly recompute?: boolean | undefined;
  /** See the fields of the same names. */
  readonly keptWork?: number;
  readonly keptScores?: number;
}
