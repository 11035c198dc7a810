// Residual adapters of a model folder, added after the layers that they change: h + strength * up(GELU(down(h))).
import { type AppliedBranch } from '@styleforge/weights';
import { type ModelAdapter } from '../nn/scope.ts';

const nameOf = ({ layer }: AppliedBranch, index: number, matrix: 'down' | 'up'): string => `${layer}.branches.${index}.${matrix}`;

export function branchWeights(branches: readonly AppliedBranch[]): ReadonlyMap<string, Float32Array> {
  return new Map(
    branches.flatMap((branch, index) => [
      [nameOf(branch, index, 'down'), branch.down] as const,
      [nameOf(branch, index, 'up'), branch.up] as const,
    ]),
  );
}

export function branchAdapter(branches: readonly AppliedBranch[]): ModelAdapter {
  return {
    layer: (graph, { name, output }) =>
      branches.reduce((hidden, branch, index) => {
        if (branch.layer !== name || branch.strength === 0) return hidden;
        const { width, bottleneck, strength } = branch;
        const inner = graph.gelu(graph.linear(hidden, graph.parameter(nameOf(branch, index, 'down'), [bottleneck, width])));
        const added = graph.linear(inner, graph.parameter(nameOf(branch, index, 'up'), [width, bottleneck]));
        return graph.add(hidden, strength === 1 ? added : graph.mul(added, strength));
      }, output),
  };
}
