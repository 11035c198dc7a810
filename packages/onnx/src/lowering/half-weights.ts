// Decides in which precisions a model reads its weights, on devices that keep float16 copies of them (EmitOptions.halfWeights).
import { type OpKind, type OpNode } from '@styleforge/autodiff';
import { type FloatPrecision } from '../file/model-builder.ts';
import { type NodePrecision } from './precision.ts';

/** Operations that move numbers without changing them. Rounding before or after them gives the same result. */
const MOVES: ReadonlySet<OpKind> = new Set(['reshape', 'transpose', 'slice', 'concat', 'broadcastTo', 'stopGradient']);
const HALF: NodePrecision = { operands: 'float16', result: 'float16', further: 'float16' };

export interface WeightReading {
  readonly nodes: readonly OpNode[];
  readonly precisions: ReadonlyMap<OpNode, NodePrecision>;
  /** Ids of values that leave the model in float32. */
  readonly exported: ReadonlySet<number>;
}

export interface WeightPrecisions {
  /** The precision of every node. Nodes that only move weights for float16 readers are in float16. */
  readonly precisions: ReadonlyMap<OpNode, NodePrecision>;
  /** Precisions in which each weight is read, by the id of its tensor. */
  readonly weights: ReadonlyMap<number, readonly FloatPrecision[]>;
}

/** Decides the precisions, from the last reader back to the weights. */
export function weightPrecisions({ nodes, precisions, exported }: WeightReading): WeightPrecisions {
  const decided = new Map(precisions);
  const readIn = new Map<number, Set<FloatPrecision>>();
  const movesWeights = nodesOverWeights(nodes);
  const reads = (id: number, precision: FloatPrecision): unknown => readIn.set(id, (readIn.get(id) ?? new Set()).add(precision));
  for (const id of exported) reads(id, 'float32');
  for (const node of nodes.toReversed()) {
    const wanted = node.outputs.length === 1 ? readIn.get(node.outputs[0].id) : undefined;
    if (movesWeights.has(node) && wanted && !wanted.has('float32')) decided.set(node, HALF);
    for (const { id } of node.inputs) reads(id, decided.get(node)!.operands);
  }
  const parameters = nodes.filter(({ kind }) => kind === 'parameter').map(({ outputs: [{ id }] }) => id);
  return { precisions: decided, weights: new Map(parameters.map((id) => [id, [...(readIn.get(id) ?? [])].sort()])) };
}

/** The nodes that move weights and do nothing else. */
function nodesOverWeights(nodes: readonly OpNode[]): ReadonlySet<OpNode> {
  const weights = new Set<number>();
  const moving = new Set<OpNode>();
  for (const node of nodes) {
    const moves = MOVES.has(node.kind) && node.inputs.every(({ id }) => weights.has(id));
    if (moves) moving.add(node);
    if (moves || node.kind === 'parameter') weights.add(node.outputs[0].id);
  }
  return moving;
}
