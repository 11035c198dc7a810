// CUDA's lowering compared with the processor's, both on the processor: different nodes, the same results and gradients.
import { Graph, gradients, type Tensor } from '@styleforge/autodiff';
import { type CompileOptions, type DeviceName, deviceOf, Program } from '@styleforge/runtime';
import { describe, expect, it } from 'vitest';
import { emitOnnx } from '../src/index.ts';

/** The processor, with graphs as they are written for CUDA. */
const device = { ...deviceOf('cpu'), target: 'cuda' } as unknown as DeviceName;
const wave = (length: number, frequency: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.3 * Math.sin(1 + i * frequency));

type Build = (graph: Graph) => Tensor;

/** Gradients of the result of `build` with respect to all parameters. */
async function gradientsWith(build: Build, options: CompileOptions): Promise<Record<string, Float32Array>> {
  const graph = new Graph();
  const out = build(graph);
  const axes = out.shape.map((_, axis) => axis);
  // large enough that no gradient is lost in float16, as the loss scale sees to in a training
  const loss = graph.mul(graph.reduceSum(graph.square(out), axes), 64);
  const names = [...graph.parameters.keys()];
  const computed = gradients(graph, loss, [...graph.parameters.values()]);
  const outputs = { out, ...Object.fromEntries(names.map((name, i) => [`d:${name}`, computed[i]])) };
  const program = await Program.compile<string>(graph, outputs, { threads: 1, ...options });
  const feeds = [...graph.parameters].map(([name, { shape }], i) => [
    name,
    wave(
      shape.reduce((a, b) => a * b, 1),
      0.7 + 0.1 * i,
    ),
  ]);
  const results = await program.run(Object.fromEntries(feeds) as Record<string, Float32Array>);
  await program.release();
  return results;
}

function relativeDifference(a: Float32Array, b: Float32Array): number {
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(a.map((value, i) => value - b[i])) / norm(b);
}

const convolution =
  (images: number[], kernel: number[], attributes: Parameters<Graph['conv2d']>[3]): Build =>
  (graph) =>
    graph.conv2d(graph.parameter('x', images), graph.parameter('w', kernel), graph.parameter('b', [kernel[0]]), attributes);

const attention: Build = (graph) => {
  const [q, k, v] = [12, 7, 7].map((length, i) => graph.parameter('qkv'[i], [2, length, 24]));
  return graph.attention(q, k, v, { heads: 3, scale: 0.35 });
};
const normalized: Build = (graph) => {
  const x = graph.linear(graph.parameter('x', [2, 8, 16]), graph.parameter('w', [16, 16]));
  const y = graph.linear(graph.standardize(x, 1e-5), graph.parameter('v', [16, 16]));
  return graph.linear(graph.softmax(y), graph.parameter('u', [4, 16]));
};

const cases: [string, Build][] = [
  ['3x3', convolution([2, 4, 8, 8], [6, 4, 3, 3], { pads: [1, 1, 1, 1] })],
  ['3x3 without padding', convolution([2, 4, 9, 7], [6, 4, 3, 3], {})],
  ['strides of two', convolution([2, 4, 8, 8], [6, 4, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] })],
  ['strides of two, padded at the end', convolution([2, 4, 8, 8], [6, 4, 3, 3], { strides: [2, 2], pads: [0, 0, 1, 1] })],
  ['strides that leave a rest', convolution([1, 3, 10, 9], [5, 3, 3, 3], { strides: [3, 2] })],
  ['1x1', convolution([2, 4, 8, 8], [6, 4, 1, 1], {})],
  ['patches', convolution([2, 3, 8, 8], [6, 3, 4, 4], { strides: [4, 4] })],
  ['attention', attention],
  ['normalization and softmax', normalized],
];

describe("CUDA's lowering", () => {
  it.each(cases)("computes the same as the processor's: %s", async (_name, build) => {
    const [own, expected] = [await gradientsWith(build, { device }), await gradientsWith(build, {})];
    for (const name of Object.keys(expected)) expect(relativeDifference(own[name], expected[name]), name).toBeLessThan(1e-5);
  });

  it.each(cases)('differs only by rounding in float16: %s', async (_name, build) => {
    const [own, expected] = [await gradientsWith(build, { device, mixedPrecision: true }), await gradientsWith(build, {})];
    for (const name of Object.keys(expected)) expect(relativeDifference(own[name], expected[name]), name).toBeLessThan(2e-2);
  });

  it('adds no casts around softmax and normalizations', () => {
    const graph = new Graph();
    const out = normalized(graph);
    const casts = (target: 'cuda' | 'cpu'): number =>
      Buffer.from(emitOnnx(graph, { out }, target, { mixedPrecision: true }).bytes)
        .toString('latin1')
        .split('n_Cast').length;
    expect(casts('cuda')).toBeLessThan(casts('cpu'));
  });

  it('computes each of the five products of attention for all heads at once', () => {
    const graph = new Graph();
    const out = attention(graph);
    const computed = gradients(graph, graph.reduceSum(out, [0, 1, 2]), [...graph.parameters.values()]);
    const bytes = emitOnnx(graph, Object.fromEntries(computed.map((value, i) => [String(i), value])), 'cuda').bytes;
    const names = new Set(
      Buffer.from(bytes)
        .toString('latin1')
        .match(/n_(FusedMatMul|MatMul)_\d+/g),
    );
    expect(names.size).toBeLessThanOrEqual(5);
  });
});
