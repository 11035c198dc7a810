// The nodes that each device's lowering writes for one graph.
import { Graph, gradients, type Tensor } from '@styleforge/autodiff';
import { emitOnnx, type Target } from '@styleforge/onnx';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ModelProtoSchema } from '../src/generated/onnx_pb.ts';

const targets: readonly Target[] = ['cpu', 'cuda', 'webgpu'];

/** Number of nodes of one operation in the file. */
function count(graph: Graph, outputs: Record<string, Tensor>, target: Target, operation: string): number {
  return (
    Buffer.from(emitOnnx(graph, outputs, target).bytes)
      .toString('latin1')
      .split(`n_${operation}_`).length - 1
  );
}

function attention(heads: number, length: number): { graph: Graph; outputs: Record<string, Tensor> } {
  const graph = new Graph();
  const operands = ['q', 'k', 'v'].map((name) => graph.input(name, [1, length, heads * 2]));
  const loss = graph.reduceSum(graph.attention(operands[0], operands[1], operands[2], { heads, scale: 1 }), [0, 1, 2]);
  const [dq, dk, dv] = gradients(graph, loss, operands);
  return { graph, outputs: { dq, dk, dv } };
}

describe('the lowering', () => {
  it.each(['cpu', 'webgpu'] as const)('for %s processes heads together while their scores fit the cache, then one at a time', (target) => {
    const [small, large] = [attention(4, 16), attention(4, 1024)];
    expect(count(small.graph, small.outputs, target, 'Softmax')).toBe(1);
    expect(count(large.graph, large.outputs, target, 'Softmax')).toBe(4);
  });

  it('writes only the requested parts of a gradient', () => {
    const { graph, outputs } = attention(2, 16);
    const [all, one] = [count(graph, outputs, 'cpu', 'Transpose'), count(graph, { dq: outputs.dq }, 'cpu', 'Transpose')];
    expect(one).toBe(all - 2);
  });

  it('transposes the narrow operand of a product, and does not change a wide one', () => {
    const transposes = (columns: number): number => {
      const graph = new Graph();
      const [a, b] = [graph.input('a', [2, 64, 64]), graph.input('b', [2, 64, columns])];
      return count(graph, { y: graph.matmul(a, b, { transposeA: true }) }, 'cpu', 'Transpose');
    };
    expect([transposes(8), transposes(64)]).toEqual([1, 0]);
  });

  it("uses onnxruntime's own operations if the device has them", () => {
    const graph = new Graph();
    const x = graph.input('x', [2, 4, 8]);
    const y = graph.matmul(graph.silu(x), graph.input('b', [2, 4, 8]), { transposeB: true });
    const fused = (target: Target): number[] => ['QuickGelu', 'FusedMatMul'].map((name) => count(graph, { y }, target, name));
    expect(targets.map(fused)).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  });

  it('hides shapes and numbers of dimensions completely, and only if it is asked to', () => {
    const { graph, outputs } = attention(2, 16);
    /** Whether each input and result of the file has a shape. */
    const shown = (hidesShapes: boolean): Set<boolean> => {
      const { input, output, valueInfo } = fromBinary(ModelProtoSchema, emitOnnx(graph, outputs, 'cpu', { hidesShapes }).bytes).graph!;
      return new Set(
        [...input, ...output, ...valueInfo].map(({ type }) => type?.value.case === 'tensorType' && type.value.value.shape !== undefined),
      );
    };
    expect([...shown(true)]).toEqual([false]);
    expect([...shown(false)]).toEqual([true]);
  });

  it('computes the deviation of a normalization only if something reads it', () => {
    const graph = new Graph();
    const x = graph.input('x', [2, 8]);
    const y = graph.standardize(x, 1e-5);
    const [dx] = gradients(graph, graph.reduceSum(graph.square(y), [0, 1]), [x]);
    expect([count(graph, { y }, 'webgpu', 'Reciprocal'), count(graph, { y, dx }, 'webgpu', 'Reciprocal')]).toEqual([0, 1]);
    expect([count(graph, { y, dx }, 'cpu', 'Reciprocal'), count(graph, { y, dx }, 'cpu', 'LayerNormalization')]).toEqual([0, 1]);
  });
});
