// Gradients by kernels of our own, compared with the processor's graphs. The source of the kernels runs on a simulated card, thread by
// thread, with barriers, shuffles and tensor cores in software. The tests show what the kernels compute, and nothing about their speed.
import { Graph, type Tensor } from '@styleforge/autodiff';
import { type CompileOptions, type DeviceName, splitParameters, TrainingProgram } from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { describe, expect, it } from 'vitest';
import { FakeCard, missingCard } from './fake-card/fake-card.ts';

type Build = (graph: Graph) => Tensor;

/** Numbers without a pattern, between -1 and 1. */
const noise = (length: number, frequency: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => (Math.sin(1 + i * frequency) * 43758.5453) % 1);

/** Number of launches that copy the gradients as float32 to read them. */
const COPIES = 1;

/** Gradients of the sum of squares of the result of `build`, scaled so that float16 loses none. */
async function gradientsOf(build: Build, compile: CompileOptions): Promise<Map<string, Float32Array>> {
  const graph = new Graph();
  const out = build(graph);
  const { trainable } = splitParameters(graph, new Set(graph.parameters.keys()));
  for (const [i, { name }] of trainable.specs.entries()) trainable.get(name).set(noise(trainable.get(name).length, 0.7 + 0.1 * i));
  const axes = out.shape.map((_, axis) => axis);
  const program = await TrainingProgram.create({
    graph,
    loss: graph.reduceMean(graph.square(out), axes),
    outputs: {},
    trainable,
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    compile: { records: false, ...compile },
  });
  await program.backward({});
  const gradients = await program.readGradients();
  await program.release();
  const scale = program.lossScale?.value ?? 1;
  return new Map(trainable.specs.map(({ name }) => [name, gradients.get(name).map((value) => value / scale)]));
}

function largestDistance(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return Math.max(...[...b].map(([name, values]) => norm(values.map((value, i) => value - a.get(name)![i])) / norm(values)));
}

const product = (graph: Graph, x: string, rows: number, width: number): Tensor =>
  graph.linear(graph.parameter(x, [rows, 8]), graph.parameter(`${x}w`, [width, 8]));

const attention =
  (batch: number, queries: number, keys: number, heads: number, size: number): Build =>
  (graph) => {
    const part = (name: string, length: number): Tensor =>
      graph.reshape(product(graph, name, batch * length, heads * size), [batch, length, heads * size]);
    return graph.attention(part('q', queries), part('k', keys), part('v', keys), { heads, scale: 1 / Math.sqrt(size) });
  };

const light: [string, Build][] = [
  ['SiLU', (graph) => graph.silu(product(graph, 'x', 5, 7))],
  ['GELU', (graph) => graph.gelu(product(graph, 'x', 6, 12))],
  ['layer normalization', (graph) => graph.mul(graph.standardize(product(graph, 'x', 9, 20), 1e-5), graph.parameter('g', [20]))],
  [
    'rows that are no groups of four',
    (graph) => graph.mul(graph.standardize(product(graph, 'x', 3, 37), 1e-5), graph.parameter('g', [37])),
  ],
  [
    'group normalization',
    (graph) => graph.mul(graph.standardize(graph.reshape(product(graph, 'x', 64, 80), [2, 2560]), 1e-5), graph.parameter('g', [2560])),
  ],
];
const attentions: [string, Build][] = [
  ['40 numbers a head', attention(2, 20, 35, 2, 40)],
  ['64, other keys than queries', attention(1, 66, 17, 1, 64)],
  ['80', attention(1, 9, 33, 1, 80)],
];

describe.skipIf(warnNotTested('our own gradient kernels on a simulated card', missingCard))('gradients by kernels of our own', () => {
  const onCard = (options: CompileOptions): CompileOptions => ({ device: new FakeCard().device() as unknown as DeviceName, ...options });

  it.each(light)('equal those of several operations: %s', async (_name, build) => {
    const card = new FakeCard();
    const device = card.device() as unknown as DeviceName;
    const own = await gradientsOf(build, { device, gradientKernels: 'activations' });
    expect(card.counts.launches).toBe(1 + COPIES);
    expect(largestDistance(own, await gradientsOf(build, {}))).toBeLessThan(1e-5);
  });

  it.each(light)('equal them in float16: %s', async (_name, build) => {
    const own = await gradientsOf(build, onCard({ gradientKernels: 'activations', mixedPrecision: true }));
    expect(largestDistance(own, await gradientsOf(build, {}))).toBeLessThan(2e-2);
  });

  it.each(attentions)('equal those of attention up to the rounding of TensorFloat-32: %s', async (_name, build) => {
    const card = new FakeCard();
    const device = card.device() as unknown as DeviceName;
    const expected = await gradientsOf(build, {});
    const own = await gradientsOf(build, { device, gradientKernels: 'all' });
    expect(card.counts.launches).toBe(3 + COPIES);
    expect(largestDistance(own, expected)).toBeLessThan(1e-2);
    card.roundNothing();
    expect(largestDistance(await gradientsOf(build, { device, gradientKernels: 'all' }), expected)).toBeLessThan(1e-5);
  });

  it('equal those of attention in float16', async () => {
    const [[, build]] = attentions;
    const own = await gradientsOf(build, onCard({ gradientKernels: 'all', mixedPrecision: true }));
    expect(largestDistance(own, await gradientsOf(build, {}))).toBeLessThan(2e-2);
  });

  it('are not used for attention if rounding is not allowed, or if no kernel supports the size of its heads', async () => {
    for (const [build, options] of [
      [attention(1, 5, 5, 1, 40), { tf32: false }],
      [attention(1, 5, 5, 2, 8), {}],
    ] as const) {
      const card = new FakeCard();
      await gradientsOf(build, { device: card.device() as unknown as DeviceName, gradientKernels: 'all', ...options });
      expect(card.counts.launches).toBe(COPIES);
    }
  });

  it('are refused on a card that is too old for them, which the error names', async () => {
    const [[, build]] = attentions;
    const device = new FakeCard({ traits: { capability: 75 } }).device() as unknown as DeviceName;
    await expect(gradientsOf(build, { device, gradientKernels: 'all' })).rejects.toMatchObject({
      code: 'device_unavailable',
      message: expect.stringContaining(
        "attention's kernels need compute capability 8.0, and First Card has 7.5: set CUDA_GRADIENT_KERNELS to activations",
      ),
    });
  });
});
