// Winograd's filtering against direct convolutions over a few channels at a time, which are too narrow for it.
import { elementCount, gradients, Graph, type Conv2dAttributes, type Tensor } from '@styleforge/autodiff';
import { emitOnnx } from '@styleforge/onnx';
import { Program } from '@styleforge/runtime';
import { expect, it } from 'vitest';

interface Example {
  readonly x: readonly number[];
  readonly filters: number;
  readonly pads: Conv2dAttributes['pads'];
  /** Only the result, for images whose gradients would take long. */
  readonly forward?: boolean;
}

const examples: Record<string, Example> = {
  'tiles of four': { x: [16, 128, 8, 8], filters: 128, pads: [1, 1, 1, 1] },
  'tiles of two, where four do not fit': { x: [8, 192, 10, 10], filters: 192, pads: [1, 1, 1, 1] },
  'padding on one side': { x: [16, 128, 8, 8], filters: 144, pads: [2, 0, 0, 2] },
  'images in bands of unequal height': { x: [2, 128, 136, 120], filters: 96, pads: [1, 1, 1, 1], forward: true },
};

const PART = 8;
type Convolve = (graph: Graph, x: Tensor, weight: Tensor, bias: Tensor, pads: Conv2dAttributes['pads']) => Tensor;

const whole: Convolve = (graph, x, weight, bias, pads) => graph.conv2d(x, weight, bias, { pads });

const inParts: Convolve = (graph, x, weight, bias, pads) => {
  const starts = Array.from({ length: x.shape[1] / PART }, (_, i) => i * PART);
  const part = (start: number): Tensor => graph.conv2d(graph.slice(x, 1, start, start + PART), graph.slice(weight, 1, start, start + PART), undefined, { pads });
  const sum = starts.map(part).reduce((a, b) => graph.add(a, b));
  return graph.add(sum, graph.reshape(bias, [1, bias.shape[0], 1, 1]));
};

const values = (count: number, scale: number): Float32Array => Float32Array.from({ length: count }, (_, i) => scale * Math.sin(i * 0.731 + Math.cos(i * 0.013)));

interface Built {
  readonly graph: Graph;
  readonly inputs: readonly Tensor[];
  readonly results: Record<string, Tensor>;
}

const NAMES = ['x', 'weight', 'bias', 'dy'];

function build(convolve: Convolve, { x: shape, filters, pads, forward = false }: Example): Built {
  const graph = new Graph();
  const [x, weight, bias] = [shape, [filters, shape[1], 3, 3], [filters]].map((of, i) => graph.input(NAMES[i], of));
  const y = convolve(graph, x, weight, bias, pads);
  if (forward) return { graph, inputs: [x, weight, bias], results: { y } };
  const dy = graph.input('dy', y.shape);
  const [dx, dweight, dbias] = gradients(graph, graph.reduceSum(graph.mul(y, dy), [0, 1, 2, 3]), [x, weight, bias]);
  return { graph, inputs: [x, weight, bias, dy], results: { y, dx, dweight, dbias } };
}

/** How often a model convolves, and how often it multiplies stacks of matrices, as filtering does once for each result. */
function operations({ graph, results }: Built): Record<'convolutions' | 'products', number> {
  const model = Buffer.from(emitOnnx(graph, results, 'cpu').bytes).toString('latin1');
  const count = (name: RegExp): number => model.match(name)?.length ?? 0;
  return { convolutions: count(/n_Conv/g), products: count(/n_(Fused)?MatMul/g) };
}

async function run({ graph, inputs, results }: Built): Promise<Record<string, Float32Array>> {
  const program = await Program.compile(graph, results);
  const feeds = Object.fromEntries(inputs.map(({ shape }, i) => [NAMES[i], values(elementCount(shape), NAMES[i] === 'weight' ? 0.05 : 1)]));
  const found = await program.run(feeds);
  await program.release();
  return found;
}

const largest = (a: Float32Array): number => a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

for (const [name, example] of Object.entries(examples)) {
  it(`gives what direct convolutions give: ${name}`, async () => {
    const [filtered, direct] = [build(whole, example), build(inParts, example)];
    const { convolutions, products } = operations(filtered);
    expect(convolutions).toBe(0);
    if (!example.forward) expect(products).toBe(3);
    expect(operations(direct)).toMatchObject({ products: 0 });
    const [found, expected] = [await run(filtered), await run(direct)];
    for (const [key, values] of Object.entries(expected)) {
      const difference = largest(found[key].map((value, i) => value - values[i]));
      expect(difference / largest(values), key).toBeLessThan(2e-5);
    }
  });
}

it('leaves convolutions alone whose images or channels are few', () => {
  for (const [x, filters] of [[[2, 64, 8, 8], 64], [[2, 4, 64, 64], 320], [[2, 320, 64, 64], 4]] as const) {
    expect(operations(build(whole, { x, filters, pads: [1, 1, 1, 1], forward: true }))).toEqual({ convolutions: 1, products: 0 });
  }
});
