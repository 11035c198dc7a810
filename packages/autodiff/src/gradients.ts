// Reverse-mode differentiation: walks the graph backwards and sums what each use of a value contributes.
import { isNode, type Graph, type OpNode } from './graph.ts';
import { gradientRules, type GradientContext, type GradientRule, type NotDifferentiable } from './gradient-rules.ts';
import { type OpKind } from './ops.ts';
import { Replay } from './replay.ts';
import { type Tensor } from './tensor.ts';

/** Ids of all tensors on a path from one of `targets` up to `loss`. */
function dependents(graph: Graph, lossId: number, targets: readonly Tensor[]): Set<number> {
  const needed = new Set(targets.map((target) => target.id));
  for (const node of graph.nodes.slice(0, lossId + 1)) {
    if (node.kind !== 'stopGradient' && node.inputs.some((input) => needed.has(input.id))) needed.add(node.output.id);
  }
  return needed;
}

function applyRule(graph: Graph, node: OpNode, dy: Tensor, needs: readonly boolean[], replay: Replay): readonly (Tensor | null)[] {
  const rule = gradientRules[node.kind] as GradientRule<OpKind> | NotDifferentiable;
  if ('notDifferentiable' in rule) throw new Error(`'${node.kind}' has no gradient: ${rule.notDifferentiable}`);
  replay.ensure(node, dy);
  const inputs = node.inputs.map((input) => replay.valueFor(node, input));
  const context: GradientContext<OpKind> = { graph, node, inputs, output: replay.valueFor(node, node.output), dy, needs };
  return rule(context);
}

/** The axis along which both are the only thing behind, or in front of, zeros that the other one fills exactly; or null. */
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

/** The sum of two contributions; the gradients of the two halves of a tensor are put together instead of being padded and added. */
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
 * `seed` is the gradient of the loss itself: with another scalar than 1 all gradients are multiplied by it.
 * A target that the loss does not depend on is an error naming its index.
 */
export function gradients(graph: Graph, loss: Tensor, targets: readonly Tensor[], seed: Tensor = graph.scalar(1)): Tensor[] {
  if (loss.shape.length !== 0) throw new Error(`the loss must be a scalar, not [${loss.shape}]`);
  const needed = dependents(graph, loss.id, targets);
  const replay = new Replay(graph);
  const gradientOf = new Map<number, Tensor>([[loss.id, seed]]);
  for (let id = loss.id; id >= 0; id--) {
    const node = graph.nodes[id];
    const dy = gradientOf.get(id);
    if (!dy || node.inputs.length === 0 || !needed.has(id)) continue;
    const needs = node.inputs.map((input) => needed.has(input.id));
    if (!needs.includes(true)) continue;
    applyRule(graph, node, dy, needs, replay).forEach((contribution, i) => {
      if (!contribution || !needs[i]) return;
      const input = node.inputs[i];
      const sum = gradientOf.get(input.id);
      gradientOf.set(input.id, sum ? accumulate(graph, sum, contribution) : contribution);
    });
  }
  return targets.map((target, i) => {
    const gradient = gradientOf.get(target.id);
    if (!gradient) throw new Error(`the loss does not depend on target ${i}`);
    return gradient;
  });
}
