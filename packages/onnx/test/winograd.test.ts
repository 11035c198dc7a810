// Winograd's filtering: against torch (test/golden/make-convolutions.py), and band by band against direct convolutions.
import { elementCount, gradients, Graph, type Conv2dAttributes, type Tensor } from '@styleforge/autodiff';
import { emitOnnx, type Target } from '@styleforge/onnx';
import { Program } from '@styleforge/runtime';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Example {
  /** [n, c, h, w] */
  readonly x: readonly number[];
  readonly filters: number;
  readonly pads: Conv2dAttributes['pads'];
}

/** A hundred values of a tensor, evenly spread, and its largest magnitude. */
interface Kept {
  readonly largest: number;
  readonly values: readonly number[];
}

const RESULTS = ['y', 'dx', 'dweight', 'dbias'] as const;
const golden = JSON.parse(readFileSync(new URL('../../../test/golden/convolutions.json', import.meta.url), 'utf8')) as Record<
  string,
  Example & Record<(typeof RESULTS)[number], Kept>
>;

const FACTORS = { x: 7, weight: 11, bias: 13, dy: 17 };
const values = (count: number, factor: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => (((i * factor + ((i * i) % 101)) % 257) - 128) / 128);

interface Built {
  readonly graph: Graph;
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
}

function inputs({ x, filters }: Example): Built {
  const graph = new Graph();
  return { graph, x: graph.input('x', x), weight: graph.input('weight', [filters, x[1], 3, 3]), bias: graph.input('bias', [filters]) };
}

/** How often a model convolves, and how often it multiplies stacks of matrices, as filtering does once for each result. */
function operations(graph: Graph, results: Record<string, Tensor>, target: Target = 'cpu'): Record<'convolutions' | 'products', number> {
  const model = Buffer.from(emitOnnx(graph, results, target).bytes).toString('latin1');
  const count = (name: RegExp): number => model.match(name)?.length ?? 0;
  return { convolutions: count(/n_Conv/g), products: count(/n_(Fused)?MatMul/g) };
}

async function run(graph: Graph, results: Record<string, Tensor>): Promise<Record<string, Float32Array>> {
  const program = await Program.compile(graph, results);
  const found = await program.run(
    Object.fromEntries(
      [...graph.inputs].map(([name, { shape }]) => [name, values(elementCount(shape), FACTORS[name as keyof typeof FACTORS])]),
    ),
  );
  await program.release();
  return found;
}

for (const [name, example] of Object.entries(golden)) {
  it(`returns torch's results and gradients: ${name}`, async () => {
    const { graph, x, weight, bias } = inputs(example);
    const y = graph.conv2d(x, weight, bias, { pads: example.pads });
    const dy = graph.input('dy', y.shape);
    const [dx, dweight, dbias] = gradients(graph, graph.reduceSum(graph.mul(y, dy), [0, 1, 2, 3]), [x, weight, bias]);
    const results = { y, dx, dweight, dbias };
    expect(operations(graph, results)).toEqual({ convolutions: 0, products: 3 });
    const found = await run(graph, results);
    for (const result of RESULTS) {
      const { largest, values: expected } = example[result];
      const differences = expected.map((value, k) => Math.abs(found[result][Math.floor((k * (found[result].length - 1)) / 99)] - value));
      expect(Math.max(...differences) / largest, result).toBeLessThan(5e-6);
    }
  });
}

it('handles large images in bands', async () => {
  const example: Example = { x: [2, 128, 136, 120], filters: 96, pads: [1, 1, 1, 1] };
  const { graph, x, weight, bias } = inputs(example);
  const y = graph.conv2d(x, weight, bias, { pads: example.pads });
  // eight channels at a time are too few for filtering
  const parts = Array.from({ length: 16 }, (_, i) =>
    graph.conv2d(graph.slice(x, 1, 8 * i, 8 * i + 8), graph.slice(weight, 1, 8 * i, 8 * i + 8), undefined, { pads: example.pads }),
  );
  const direct = graph.add(
    parts.reduce((a, b) => graph.add(a, b)),
    graph.reshape(bias, [1, 96, 1, 1]),
  );
  expect(operations(graph, { y })).toEqual({ convolutions: 0, products: 2 });
  expect(operations(graph, { direct })).toEqual({ convolutions: 16, products: 0 });
  const found = await run(graph, { y, direct });
  const largest = (array: Float32Array): number => array.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest(found.y.map((value, i) => value - found.direct[i])) / largest(found.direct)).toBeLessThan(2e-5);
});

it.each(['cuda', 'webgpu'] as const)('uses the direct convolutions of %s', (device) => {
  const { graph, x, weight, bias } = inputs(golden['tiles of four']);
  expect(operations(graph, { y: graph.conv2d(x, weight, bias, { pads: [1, 1, 1, 1] }) }, device)).toEqual({ convolutions: 1, products: 0 });
});

it('computes convolutions directly if they have few images or channels', () => {
  for (const [shape, filters] of [
    [[2, 64, 8, 8], 64],
    [[2, 4, 64, 64], 320],
    [[2, 320, 64, 64], 4],
  ] as const) {
    const { graph, x, weight, bias } = inputs({ x: shape, filters, pads: [1, 1, 1, 1] });
    expect(operations(graph, { y: graph.conv2d(x, weight, bias, { pads: [1, 1, 1, 1] }) })).toEqual({ convolutions: 1, products: 0 });
  }
});
