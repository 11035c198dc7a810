// Pooling against windows computed by hand: padding neither wins a maximum nor counts in a mean.
import { Graph, ShapeError, type Tensor } from '@styleforge/autodiff';
import { describe, expect, it } from 'vitest';
import { Program } from '@styleforge/runtime';

const size = 5;
/** All negative, so that a padding of zeros would win every maximum at the border. */
const values = Float32Array.from({ length: 2 * size * size }, (_, i) => -1 - ((i * 7) % 11));

function byHand(kernel: number, stride: number, pad: number, reduce: (window: number[]) => number): number[] {
  const count = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const result: number[] = [];
  for (let channel = 0; channel < 2; channel++) {
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < count; column++) {
        const window: number[] = [];
        for (let y = row * stride - pad; y < row * stride - pad + kernel; y++) {
          for (let x = column * stride - pad; x < column * stride - pad + kernel; x++) {
            if (y >= 0 && x >= 0 && y < size && x < size) window.push(values[(channel * size + y) * size + x]!);
          }
        }
        result.push(reduce(window));
      }
    }
  }
  return result;
}

async function run(build: (graph: Graph, x: Tensor) => Tensor): Promise<Float32Array> {
  const graph = new Graph();
  const program = await Program.compile(graph, { y: build(graph, graph.input('x', [1, 2, size, size])) });
  const { y } = await program.run({ x: values });
  await program.release();
  return y;
}

describe.each([
  [3, 2, 0],
  [3, 1, 1],
  [2, 2, 0],
  [3, 2, 1],
])('windows of %i, stride %i, padding %i', (kernel, stride, pad) => {
  const attributes = { kernel: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] } as const;

  it('maximum', async () => {
    expect([...(await run((graph, x) => graph.maxPool2d(x, attributes)))]).toEqual(
      byHand(kernel, stride, pad, (window) => Math.max(...window)),
    );
  });

  it('mean', async () => {
    const expected = byHand(kernel, stride, pad, (window) => window.reduce((sum, value) => sum + value, 0) / window.length);
    const actual = await run((graph, x) => graph.averagePool2d(x, attributes));
    expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 5));
  });
});

it('refuses windows that do not fit', () => {
  const graph = new Graph();
  const x = graph.input('x', [1, 2, 4, 4]);
  expect(() => graph.maxPool2d(x, { kernel: [5, 5] })).toThrow(ShapeError);
  expect(() => graph.averagePool2d(x, { kernel: [2, 2], pads: [2, 0, 0, 0] })).toThrow('do not fit');
  expect(() => graph.averagePool2d(graph.input('flat', [4, 4]), { kernel: [2, 2] })).toThrow('must be [n, c, h, w]');
});
