// Reverse-mode differentiation: walks the graph backwards and sums the contributions of each use of a value.
import { type Graph, type OwnGradient } from './graph.ts';
import { isNode, type OpNode } from './nodes.ts';
import { gradientRules, type GradientContext, type GradientRule, type NotDifferentiable } from './gradient-rules.ts';
import { type OpKind } from './ops.ts';
import { Replay } from './replay.ts';
import { type Tensor } from './tensor.ts';

/** Ids of all tensors on a path from one of `targets` to the last of `nodes`. */
function dependents(nodes: readonly OpNode[], targets: readonly Tensor[]): Set<number> {
  const needed = new Set(targets.map((target) => target.id));
  for (const { kind, inputs, outputs } of nodes) {
    if (kind !== 'stopGradient' && inputs.some((input) => needed.has(input.id))) outputs.forEach(({ id }) => needed.add(id));
  }
  return needed;
}

interface Step {
  readonly graph: Graph;
  readonly node: OpNode;
  readonly dy: Tensor;
  readonly replay: Replay;
  readonly needed: ReadonlySet<number>;
}

/** Gradients that a node contributes to the values before it. */
type Contributions = readonly (readonly [Tensor, Tensor | null])[];

function ownContributions({ graph, node, dy, replay, needed }: Step, { operands, saved, rule }: OwnGradient): Contributions {
  const [output] = node.outputs;
  const read = (tensors: readonly Tensor[]): Tensor[] => tensors.map((tensor) => replay.valueFor(node, tensor));
  const needs = operands.map(({ id }) => needed.has(id));
  const results = rule({ graph, operands: read(operands), saved: read(saved), output: replay.valueFor(node, output), dy, needs });
  return operands.map((operand, i) => [operand, needs[i] ? results[i] : null]);
}

function contributions(step: Step): Contributions {
  const { graph, node, dy, replay, needed } = step;
  const needs = node.inputs.map(({ id }) => needed.has(id));
  if (!needs.includes(true)) return [];
  const rule = gradientRules[node.kind] as GradientRule<OpKind> | NotDifferentiable;
  if ('notDifferentiable' in rule) throw new Error(`'${node.kind}' has no gradient: ${rule.notDifferentiable}`);
  replay.ensure(node, dy);
  const own = graph.ownGradientOf(node.outputs[0]);
  if (own) return ownContributions(step, own);
  const inputs = node.inputs.map((input) => replay.valueFor(node, input));
  const outputs = node.outputs.map((output) => replay.valueFor(node, output));
  const context: GradientContext<OpKind> = { graph, node, inputs, output: outputs[0], outputs, dy, needs };
  const results = rule(context);
  return node.inputs.map((input, i) => [input, needs[i] ? results[i] : null]);
}

/**
 * The axis along which two zero-padded contributions complement each other, so that concatenation can replace their addition; null if there
 * is none.
 */
function complementaryAxis(graph: Graph, first: Tensor, second: Tensor): number | null {
  const [a, b] = [graph.nodeOf(first), graph.nodeOf(second)];
  if (!isNode(a, 'pad') || !isNode(b, 'pad')) return null;
  const changed = first.shape.flatMap((size, axis) => (a.inputs[0].shape[axis] !== size || b.inputs[0].shape[axis] !== size ? [axis] : []));
  const [axis] = changed;
  const fits =
    changed.length === 1 &&
    a.attributes.before[axis] === 0 &&
    b.attributes.after[axis] === 0 &&
    a.inputs[0].shape[axis] + b.inputs[0].shape[axis] === first.shape[axis];
  return fits ? axis : null;
}

/** Sums two contributions. Gradients of the two halves of a tensor are concatenated instead of padded and added. */
function accumulate(graph: Graph, sum: Tensor, contribution: Tensor): Tensor {
  for (const [first, second] of [
    [sum, contribution],
    [contribution, sum],
  ]) {
    const axis = complementaryAxis(graph, first, second);
    if (axis !== null) return graph.concat([graph.nodeOf(first).inputs[0], graph.nodeOf(second).inputs[0]], axis);
  }
  return graph.add(sum, contribution);
}

/**
 * Appends to `graph` the gradients of the scalar `loss` with respect to `targets`.
 * `seed` is the gradient of the loss itself: a value other than 1 multiplies all gradients.
 * Throws an error that names the index of a target that the loss does not depend on.
 */
export function gradients(graph: Graph, loss: Tensor, targets: readonly Tensor[], seed: Tensor = graph.scalar(1)): Tensor[] {
  if (loss.shape.length !== 0) throw new Error(`the loss must be a scalar, not [${loss.shape}]`);
  const nodes = graph.nodes.slice(0, graph.nodes.indexOf(graph.nodeOf(loss)) + 1);
  const needed = dependents(nodes, targets);
  const replay = new Replay(graph);
  const gradientOf = new Map<number, Tensor>([[loss.id, seed]]);
  for (const node of nodes.reverse()) {
    const [dy, ...further] = node.outputs.map(({ id }) => gradientOf.get(id));
    if (further.some((gradient) => gradient !== undefined)) throw new Error(`only the first result of '${node.kind}' has a gradient`);
    if (!dy || !needed.has(node.outputs[0].id)) continue;
    for (const [input, contribution] of contributions({ graph, node, dy, replay, needed })) {
      if (!contribution) continue;
      const sum = gradientOf.get(input.id);
      gradientOf.set(input.id, sum ? accumulate(graph, sum, contribution) : contribution);
    }
  }
  return targets.map((target, i) => {
    const gradient = gradientOf.get(target.id);
    if (!gradient) throw new Error(`the loss does not depend on target ${i}`);
    return gradient;
  });
}
