// Gradient checkpointing: cheap values are computed again, expensive ones are kept, and neither changes a gradient.
import { Graph, gradients, type Tensor } from '@styleforge/autodiff';
import { Program } from '@styleforge/runtime';
import { expect, it } from 'vitest';

const WIDTH = 32;

/** A step with many or few multiplications per value. The graph consists of two segments of it, between cheap steps. */
const builds: Record<
  string,
  { readonly kept: boolean; readonly shape: readonly number[]; readonly step: (graph: Graph, x: Tensor) => Tensor; readonly kind: string }
> = {
  'a wide linear layer': {
    kept: true,
    kind: 'linear',
    shape: [3, 1024],
    step: (graph, x) => graph.linear(x, graph.parameter('w', [1024, 1024])),
  },
  'a narrow linear layer': {
    kept: false,
    kind: 'linear',
    shape: [3, WIDTH],
    step: (graph, x) => graph.linear(x, graph.parameter('w', [WIDTH, WIDTH])),
  },
  'a convolution': {
    kept: true,
    kind: 'conv2d',
    shape: [1, 120, 4, 4],
    step: (graph, x) => graph.apply('conv2d', [x, graph.parameter('w', [120, 120, 3, 3])], { strides: [1, 1], pads: [1, 1, 1, 1] }),
  },
  'long attention': {
    kept: true,
    kind: 'attention',
    shape: [1, 512, 8],
    step: (graph, x) => graph.attention(x, graph.sin(x), x, { heads: 2, scale: 0.5 }),
  },
  'short attention': {
    kept: false,
    kind: 'attention',
    shape: [1, 64, 8],
    step: (graph, x) => graph.attention(x, graph.sin(x), x, { heads: 2, scale: 0.5 }),
  },
};

function build({ shape, step }: (typeof builds)[string], recompute: boolean): { graph: Graph; gradient: Tensor } {
  const graph = new Graph({ recompute });
  const x = graph.input('x', shape);
  const segment = (value: Tensor): Tensor => graph.recomputed(() => graph.silu(step(graph, graph.silu(value))));
  const y = segment(segment(x));
  const [gradient] = gradients(
    graph,
    graph.reduceMean(
      graph.square(y),
      y.shape.map((_, axis) => axis),
    ),
    [x],
  );
  return { graph, gradient };
}

const values = (count: number, scale: number): Float32Array => Float32Array.from({ length: count }, (_, i) => scale * Math.sin(i * 0.731));

for (const [name, example] of Object.entries(builds)) {
  it(`${example.kept ? 'keeps' : 'recomputes'} ${name}, with the same gradient`, async () => {
    const results: Float32Array[] = [];
    const counts: number[] = [];
    for (const recompute of [false, true]) {
      const { graph, gradient } = build(example, recompute);
      counts.push(graph.nodes.filter(({ kind }) => kind === example.kind).length);
      const program = await Program.compile(graph, { gradient });
      program.bind(
        [...graph.parameters].map(
          ([parameter, { shape }]) =>
            [
              parameter,
              values(
                shape.reduce((p, d) => p * d, 1),
                0.05,
              ),
            ] as const,
        ),
      );
      results.push(
        Float32Array.from(
          (
            await program.run({
              x: values(
                example.shape.reduce((p, d) => p * d, 1),
                1,
              ),
            })
          ).gradient,
        ),
      );
      await program.release();
    }
    expect(counts).toEqual([2, example.kept ? 2 : 4]);
    expect(results[0].some((value) => value !== 0)).toBe(true);
    expect(results[1]).toEqual(results[0]);
  });
}
