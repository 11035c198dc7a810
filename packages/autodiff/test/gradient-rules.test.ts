// Every gradient rule against finite differences. The table covers all operations: one without a case does not compile.
import { gradientRules, Graph, gradients, softmaxProduct, type OpKind, type Tensor } from '@styleforge/autodiff';
import { checkGradients, type GradientCheckCase } from '@styleforge/testing';
import { describe, expect, it } from 'vitest';

const positive = (u: number): number => 1.5 + 0.8 * u;
const awayFromZero = (u: number): number => (u < 0 ? u - 0.3 : u + 0.3);
const unary = (
  kind: 'neg' | 'exp' | 'log' | 'sqrt' | 'reciprocal' | 'sigmoid' | 'tanh' | 'erf' | 'sin' | 'cos' | 'relu' | 'silu' | 'quickGelu' | 'gelu',
  domain?: (u: number) => number,
): GradientCheckCase[] => [{ shapes: [[3, 5]], build: (graph, [x]) => graph[kind](x), domain }];
const broadcasts = (kind: 'add' | 'sub' | 'mul' | 'div', domain?: (u: number) => number): GradientCheckCase[] => [
  {
    shapes: [
      [3, 4],
      [3, 4],
    ],
    build: (graph, [a, b]) => graph[kind](a, b),
    domain,
  },
  {
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
    build: (graph, [a, b]) => graph[kind](a, b),
    domain,
  },
  {
    shapes: [
      [1, 4],
      [2, 3, 1],
    ],
    build: (graph, [a, b]) => graph[kind](a, b),
    domain,
  },
];
const conv = (x: number[], w: number[], strides: [number, number], pads: [number, number, number, number]): GradientCheckCase => ({
  shapes: [x, w, [w[0]]],
  build: (graph, [a, b, c]) => graph.conv2d(a, b, c, { strides, pads }),
});
const indices = Int32Array.of(2, 0, 2, 1);

const cases: { readonly [K in OpKind]: readonly GradientCheckCase[] | 'no gradient' } = {
  input: 'no gradient',
  parameter: 'no gradient',
  constant: 'no gradient',
  reduceMax: 'no gradient',
  conv2dInputGradient: 'no gradient',
  conv2dWeightGradient: 'no gradient',
  attentionGradient: 'no gradient',
  siluGradient: 'no gradient',
  geluGradient: 'no gradient',
  standardizeGradient: 'no gradient',
  maxPool2d: 'no gradient',
  averagePool2d: 'no gradient',
  stopGradient: [{ shapes: [[4]], build: (graph, [x]) => graph.mul(x, graph.add(graph.mul(graph.stopGradient(x), 0), 1)) }],
  add: broadcasts('add'),
  sub: broadcasts('sub'),
  mul: broadcasts('mul'),
  div: broadcasts('div', positive),
  neg: unary('neg'),
  exp: unary('exp'),
  log: unary('log', positive),
  sqrt: unary('sqrt', positive),
  reciprocal: unary('reciprocal', positive),
  sigmoid: unary('sigmoid'),
  tanh: unary('tanh'),
  erf: unary('erf'),
  sin: unary('sin'),
  cos: unary('cos'),
  relu: unary('relu', awayFromZero),
  silu: unary('silu', (u) => 4 * u),
  quickGelu: unary('quickGelu', (u) => 4 * u),
  gelu: unary('gelu', (u) => 3 * u),
  matmul: [
    {
      shapes: [
        [3, 4],
        [4, 5],
      ],
      build: (graph, [a, b]) => graph.matmul(a, b),
    },
    ...[
      [true, false],
      [false, true],
      [true, true],
    ].map(
      ([transposeA, transposeB]): GradientCheckCase => ({
        shapes: [transposeA ? [2, 4, 3] : [2, 3, 4], transposeB ? [2, 5, 4] : [2, 4, 5]],
        build: (graph, [a, b]) => graph.matmul(a, b, { transposeA, transposeB, alpha: 0.7 }),
      }),
    ),
    {
      shapes: [
        [2, 3, 3, 4],
        [3, 4, 2],
      ],
      build: (graph, [a, b]) => graph.matmul(a, b),
    },
  ],
  linear: [
    { shapes: [[2, 3, 4], [5, 4], [5]], build: (graph, [x, w, b]) => graph.linear(x, w, b) },
    {
      shapes: [
        [3, 4],
        [2, 4],
      ],
      build: (graph, [x, w]) => graph.linear(x, w),
    },
  ],
  conv2d: [
    conv([2, 3, 5, 6], [4, 3, 3, 3], [1, 1], [1, 1, 1, 1]),
    conv([1, 2, 16, 16], [3, 2, 3, 3], [1, 1], [1, 1, 1, 1]),
    conv([2, 3, 5, 4], [4, 3, 1, 1], [1, 1], [0, 0, 0, 0]),
    conv([2, 3, 6, 6], [2, 3, 3, 3], [2, 2], [1, 1, 1, 1]),
    conv([2, 3, 6, 8], [2, 3, 3, 3], [2, 2], [0, 0, 1, 1]),
    conv([1, 3, 8, 8], [5, 3, 4, 4], [4, 4], [0, 0, 0, 0]),
    conv([2, 20, 3, 3], [2, 20, 3, 3], [1, 1], [1, 1, 1, 1]),
    conv([2, 2, 5, 5], [2, 2, 5, 3], [1, 1], [2, 0, 2, 1]),
    conv([2, 2, 4, 20], [3, 2, 3, 3], [1, 1], [1, 1, 1, 1]),
    conv([1, 2, 32, 32], [2, 2, 3, 3], [1, 1], [1, 1, 1, 1]),
    conv([16, 2, 8, 8], [3, 2, 3, 3], [1, 1], [1, 1, 1, 1]),
    conv([16, 2, 16, 16], [2, 2, 3, 3], [2, 2], [1, 1, 1, 1]),
  ],
  upsampleNearest: [{ shapes: [[2, 3, 2, 3]], build: (graph, [x]) => graph.upsampleNearest(x, [2, 3]) }],
  reshape: [{ shapes: [[2, 6]], build: (graph, [x]) => graph.reshape(x, [3, 4]) }],
  transpose: [{ shapes: [[2, 3, 4]], build: (graph, [x]) => graph.transpose(x, [2, 0, 1]) }],
  broadcastTo: [{ shapes: [[3, 1]], build: (graph, [x]) => graph.broadcastTo(x, [2, 3, 4]) }],
  concat: [
    {
      shapes: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      build: (graph, parts) => graph.concat(parts, 1),
    },
  ],
  slice: [
    { shapes: [[3, 5]], build: (graph, [x]) => graph.slice(x, 1, 1, 4) },
    {
      shapes: [[3, 5]],
      build: (graph, [x]) => graph.matmul(graph.slice(x, 1, 0, 2), graph.exp(graph.slice(x, 1, 2, 5)), { transposeA: true }),
    },
    {
      shapes: [[3, 5]],
      build: (graph, [x]) => graph.matmul(graph.slice(x, 1, 2, 5), graph.exp(graph.slice(x, 1, 0, 2)), { transposeA: true }),
    },
    { shapes: [[3, 5]], build: (graph, [x]) => graph.mul(graph.slice(x, 1, 0, 3), graph.exp(graph.slice(x, 1, 2, 5))) },
  ],
  pad: [{ shapes: [[2, 3]], build: (graph, [x]) => graph.pad(x, [0, 2], [1, 1]) }],
  gather: [{ shapes: [[3, 4]], feeds: { indices }, build: (graph, [x]) => graph.gather(x, graph.input('indices', [4], 'int32')) }],
  scatterAdd: [
    { shapes: [[4, 3]], feeds: { indices }, build: (graph, [x]) => graph.scatterAdd(x, graph.input('indices', [4], 'int32'), 5) },
  ],
  reduceSum: [
    { shapes: [[2, 3, 4]], build: (graph, [x]) => graph.reduceSum(x, [0, 2]) },
    { shapes: [[2, 3, 4]], build: (graph, [x]) => graph.reduceSum(x, [1], true) },
  ],
  reduceMean: [{ shapes: [[2, 3, 4]], build: (graph, [x]) => graph.reduceMean(x, [-1], true) }],
  attention: [
    {
      shapes: [
        [2, 3, 4],
        [2, 5, 4],
        [2, 5, 4],
      ],
      build: (graph, [q, k, v]) => graph.attention(q, k, v, { heads: 2, scale: 0.7 }),
    },
    {
      shapes: [
        [1, 4, 3],
        [1, 4, 3],
        [1, 4, 3],
      ],
      build: (graph, [q, k, v]) => graph.attention(q, k, v, { heads: 1, scale: 1 }),
    },
  ],
  softmax: [{ shapes: [[2, 3, 4]], build: (graph, [x]) => graph.softmax(x), domain: (u) => 2 * u }],
  standardize: [{ shapes: [[3, 8]], build: (graph, [x]) => graph.standardize(x, 1e-5), domain: (u) => 2 * u + 1 }],
};

/** Values with custom gradients. */
const ownGradients: readonly GradientCheckCase[] = [
  {
    shapes: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    build: (graph, [scores, values]) => softmaxProduct(graph, scores, values),
    domain: (u) => 2 * u,
  },
  {
    shapes: [
      [3, 4],
      [4, 40],
    ],
    build: (graph, [scores, values]) => softmaxProduct(graph, scores, values),
    domain: (u) => 2 * u,
  },
];

describe('gradient rules', () => {
  ownGradients.forEach((gradientCase, i) =>
    it(`softmaxProduct ${i + 1}: equals central differences within 1e-3`, async () => {
      for (const { analytic, numeric, relativeError } of await checkGradients(gradientCase)) {
        expect(relativeError, `analytic ${analytic}, numeric ${numeric}`).toBeLessThan(1e-3);
      }
    }),
  );

  for (const [kind, list] of Object.entries(cases) as [OpKind, (typeof cases)[OpKind]][]) {
    if (list === 'no gradient') {
      it(`${kind} has no gradient and gives the reason`, () => {
        expect(gradientRules[kind]).toHaveProperty('notDifferentiable', expect.stringMatching(/\w+/));
      });
      continue;
    }
    list.forEach((gradientCase, i) =>
      it(`${kind} ${i + 1}: equals central differences within 1e-3`, async () => {
        for (const { analytic, numeric, relativeError } of await checkGradients(gradientCase)) {
          expect(relativeError, `analytic ${analytic}, numeric ${numeric}`).toBeLessThan(1e-3);
        }
      }),
    );
  }

  it('detects a wrong rule', async () => {
    const wrong = await checkGradients({ shapes: [[3, 5]], build: (graph, [x]) => graph.add(x, graph.stopGradient(x)) });
    expect(wrong[0].relativeError).toBeGreaterThan(0.01);
  });

  it('refuses a loss that does not depend on the target, and operations without a gradient', () => {
    const graph = new Graph();
    const [x, y]: Tensor[] = [graph.input('x', [2]), graph.input('y', [2])];
    expect(() => gradients(graph, graph.reduceSum(x, [0]), [y])).toThrow('does not depend on target 0');
    expect(() => gradients(graph, graph.reduceMax(x, [0]), [x])).toThrow("'reduceMax' has no gradient");
    expect(() => gradients(graph, x, [x])).toThrow('scalar');
  });
});
