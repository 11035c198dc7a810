// Reverse-mode rules, one per operation: gradients of the operands from the gradient of the result, and the cost of computing the result
// again.
import { type Graph } from './graph.ts';
import { type OpNode } from './nodes.ts';
import { type OpKind } from './ops.ts';
import { elementCount, type Tensor } from './tensor.ts';

export interface GradientContext<K extends OpKind> {
  readonly graph: Graph;
  readonly node: OpNode<K>;
  readonly inputs: readonly Tensor[];
  /** The first result, which is the only one with a gradient. */
  readonly output: Tensor;
  /** All results. */
  readonly outputs: readonly Tensor[];
  /** Gradient of the loss with respect to the first result, of its shape. */
  readonly dy: Tensor;
  /** Whether operand i needs a gradient; rules skip work for those that don't. */
  readonly needs: readonly boolean[];
}

export type GradientRule<K extends OpKind> = (context: GradientContext<K>) => readonly (Tensor | null)[];
/** An operation without a gradient, and the reason. Requesting its gradient is an error that states the reason. */
export interface NotDifferentiable {
  readonly notDifferentiable: string;
}

const source: NotDifferentiable = { notDifferentiable: 'graph sources have no operands' };
const firstOrderOnly: NotDifferentiable = { notDifferentiable: 'itself a gradient: only first-order differentiation is supported' };

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

const broadcastAxes = (graph: Graph, reduced: Tensor, { shape }: Tensor, axes: readonly number[]): Tensor =>
  graph.reshape(
    reduced,
    shape.map((dimension, i) => (axes.includes(i) ? 1 : dimension)),
  );

function matmulGradient({ graph, node, inputs: [a, b], dy, needs }: GradientContext<'matmul'>): (Tensor | null)[] {
  const { transposeA: ta, transposeB: tb, alpha } = node.attributes;
  const da = () =>
    ta ? graph.matmul(b, dy, { transposeA: tb, transposeB: true, alpha }) : graph.matmul(dy, b, { transposeB: !tb, alpha });
  const db = () => {
    if (ta) return tb ? graph.matmul(dy, a, { transposeA: true, transposeB: true, alpha }) : graph.matmul(a, dy, { alpha });
    return tb ? graph.matmul(dy, a, { transposeA: true, alpha }) : graph.matmul(a, dy, { transposeA: true, alpha });
  };
  return [needs[0] ? graph.sumTo(da(), a.shape) : null, needs[1] ? graph.sumTo(db(), b.shape) : null];
}

function linearGradient({ graph, inputs: [x, weight], dy, needs }: GradientContext<'linear'>): (Tensor | null)[] {
  const [out, width] = weight.shape;
  const flatDy = graph.reshape(dy, [dy.shape.slice(0, -1).reduce((p, d) => p * d, 1), out]);
  const flatX = graph.reshape(x, [flatDy.shape[0], width]);
  return [
    needs[0] ? graph.reshape(graph.matmul(flatDy, weight), x.shape) : null,
    needs[1] ? graph.matmul(flatDy, flatX, { transposeA: true }) : null,
    needs[2] ? graph.reduceSum(flatDy, [0]) : null,
  ];
}

function conv2dGradient({ graph, node, inputs: [x, weight], dy, needs }: GradientContext<'conv2d'>): (Tensor | null)[] {
  const kernel = [weight.shape[2], weight.shape[3]] as const;
  return [
    needs[0] ? graph.apply('conv2dInputGradient', [dy, weight], { ...node.attributes, inputShape: x.shape }) : null,
    needs[1] ? graph.reshape(graph.apply('conv2dWeightGradient', [x, dy], { ...node.attributes, kernel }), weight.shape) : null,
    needs[2] ? graph.reduceSum(dy, [0, 2, 3]) : null,
  ];
}

/** d/dx x s(a x) = s + a x s (1 - s), where s is the logistic function. */
function scaledLogisticGradient(graph: Graph, x: Tensor, dy: Tensor, a: number): Tensor {
  const scaled = a === 1 ? x : graph.mul(x, a);
  const s = graph.sigmoid(scaled);
  return graph.mul(dy, graph.mul(s, graph.add(graph.mul(scaled, graph.sub(1, s)), 1)));
}

function upsampleNearestGradient({ graph, node, inputs: [x], dy }: GradientContext<'upsampleNearest'>): Tensor[] {
  const [n, c, h, w] = x.shape;
  const [sh, sw] = node.attributes.scale;
  return [graph.reshape(graph.reduceSum(graph.reshape(dy, [n * c * h, sh, w, sw]), [1, 3]), x.shape)];
}

function concatGradient({ graph, node, inputs, dy, needs }: GradientContext<'concat'>): (Tensor | null)[] {
  const { axis } = node.attributes;
  let start = 0;
  return inputs.map((input, i) => {
    const from = start;
    start += input.shape[axis];
    return needs[i] ? graph.slice(dy, axis, from, start) : null;
  });
}

function sliceGradient({ graph, node, inputs: [x], dy }: GradientContext<'slice'>): Tensor[] {
  const { axis, start, end } = node.attributes;
  const onAxis = (count: number) => x.shape.map((_, i) => (i === axis ? count : 0));
  return [graph.pad(dy, onAxis(start), onAxis(x.shape[axis] - end))];
}

function padGradient({ graph, node, inputs: [x], dy }: GradientContext<'pad'>): Tensor[] {
  return [
    x.shape.reduce((cut, dimension, axis) => {
      const start = node.attributes.before[axis];
      return cut.shape[axis] === dimension ? cut : graph.slice(cut, axis, start, start + dimension);
    }, dy),
  ];
}

export const gradientRules: { readonly [K in OpKind]: GradientRule<K> | NotDifferentiable } = {
  input: source,
  parameter: source,
  constant: source,
  add: ({ graph, inputs: [a, b], dy, needs }) => [needs[0] ? graph.sumTo(dy, a.shape) : null, needs[1] ? graph.sumTo(dy, b.shape) : null],
  sub: ({ graph, inputs: [a, b], dy, needs }) => [
    needs[0] ? graph.sumTo(dy, a.shape) : null,
    needs[1] ? graph.sumTo(graph.neg(dy), b.shape) : null,
  ],
  mul: ({ graph, inputs: [a, b], dy, needs }) => [
    needs[0] ? graph.sumTo(graph.mul(dy, b), a.shape) : null,
    needs[1] ? graph.sumTo(graph.mul(dy, a), b.shape) : null,
  ],
  div: ({ graph, inputs: [a, b], output: y, dy, needs }) => {
    const da = graph.div(dy, b);
    return [needs[0] ? graph.sumTo(da, a.shape) : null, needs[1] ? graph.sumTo(graph.neg(graph.mul(da, y)), b.shape) : null];
  },
  neg: ({ graph, dy }) => [graph.neg(dy)],
  exp: ({ graph, output: y, dy }) => [graph.mul(dy, y)],
  log: ({ graph, inputs: [x], dy }) => [graph.div(dy, x)],
  sqrt: ({ graph, output: y, dy }) => [graph.div(graph.mul(dy, 0.5), y)],
  reciprocal: ({ graph, output: y, dy }) => [graph.neg(graph.mul(dy, graph.square(y)))],
  sigmoid: ({ graph, output: y, dy }) => [graph.mul(dy, graph.mul(y, graph.sub(1, y)))],
  tanh: ({ graph, output: y, dy }) => [graph.mul(dy, graph.sub(1, graph.square(y)))],
  erf: ({ graph, inputs: [x], dy }) => [graph.mul(dy, graph.mul(graph.exp(graph.neg(graph.square(x))), TWO_OVER_SQRT_PI))],
  sin: ({ graph, inputs: [x], dy }) => [graph.mul(dy, graph.cos(x))],
  cos: ({ graph, inputs: [x], dy }) => [graph.neg(graph.mul(dy, graph.sin(x)))],
  // y / (y + tiny) is 1 if x > 0 and 0 elsewhere, without a comparison operation
  relu: ({ graph, output: y, dy }) => [graph.mul(dy, graph.div(y, graph.add(y, 1e-38)))],
  silu: ({ graph, inputs: [x], output, dy }) => [graph.apply('siluGradient', [x, output, dy], {})],
  quickGelu: ({ graph, inputs: [x], dy }) => [scaledLogisticGradient(graph, x, dy, 1.702)],
  gelu: ({ graph, inputs: [x], dy }) => [graph.apply('geluGradient', [x, dy], {})],
  siluGradient: firstOrderOnly,
  geluGradient: firstOrderOnly,
  stopGradient: () => [null],
  matmul: matmulGradient,
  linear: linearGradient,
  conv2d: conv2dGradient,
  conv2dInputGradient: firstOrderOnly,
  conv2dWeightGradient: firstOrderOnly,
  maxPool2d: { notDifferentiable: 'used only in networks whose weights are frozen' },
  averagePool2d: { notDifferentiable: 'used only in networks whose weights are frozen' },
  upsampleNearest: upsampleNearestGradient,
  reshape: ({ graph, inputs: [x], dy }) => [graph.reshape(dy, x.shape)],
  transpose: ({ graph, node, dy }) => {
    const inverse = node.attributes.permutation.map((_, i) => node.attributes.permutation.indexOf(i));
    return [graph.transpose(dy, inverse)];
  },
  broadcastTo: ({ graph, inputs: [x], dy }) => [graph.sumTo(dy, x.shape)],
  concat: concatGradient,
  slice: sliceGradient,
  pad: padGradient,
  gather: ({ graph, inputs: [table, indices], dy }) => [graph.scatterAdd(dy, indices, table.shape[0]), null],
  scatterAdd: ({ graph, inputs: [, indices], dy }) => [graph.gather(dy, indices), null],
  reduceSum: ({ graph, node, inputs: [x], dy }) => [graph.broadcastTo(broadcastAxes(graph, dy, x, node.attributes.axes), x.shape)],
  reduceMean: ({ graph, node, inputs: [x], dy }) => {
    const { axes } = node.attributes;
    const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
    return [graph.broadcastTo(broadcastAxes(graph, graph.mul(dy, 1 / count), x, axes), x.shape)];
  },
  reduceMax: { notDifferentiable: 'used only to shift exponents; wrap it in stopGradient' },
  softmax: ({ graph, output: y, dy }) => {
    const weighted = graph.mul(dy, y);
    return [graph.sub(weighted, graph.mul(y, graph.reduceSum(weighted, [-1], true)))];
  },
  attention: ({ graph, node, inputs, output, dy }) => graph.applyAll('attentionGradient', [...inputs, output, dy], node.attributes),
  attentionGradient: firstOrderOnly,
  standardize: ({ graph, outputs: [y, r], dy }) => [graph.apply('standardizeGradient', [y, r, dy], {})],
  standardizeGradient: firstOrderOnly,
};

const none = (): number => 0;

/** Multiplications for one value of an operation's result: the cost of recomputing it instead of keeping it. */
export const workPerValue: { readonly [K in OpKind]: (node: OpNode<K>) => number } = {
  input: none,
  parameter: none,
  constant: none,
  add: none,
  sub: none,
  mul: none,
  div: none,
  neg: none,
  exp: none,
  log: none,
  sqrt: none,
  reciprocal: none,
  sigmoid: none,
  tanh: none,
  erf: none,
  sin: none,
  cos: none,
  relu: none,
  silu: none,
  quickGelu: none,
  gelu: none,
  siluGradient: none,
  geluGradient: none,
  stopGradient: none,
  matmul: ({ inputs: [a], attributes }) => a.shape.at(attributes.transposeA ? -2 : -1)!,
  linear: ({ inputs: [, weight] }) => weight.shape[1],
  conv2d: ({ inputs: [, weight] }) => elementCount(weight.shape.slice(1)),
  conv2dInputGradient: ({ inputs: [, weight] }) => elementCount(weight.shape) / weight.shape[1],
  conv2dWeightGradient: ({ inputs: [, dy] }) => elementCount(dy.shape) / dy.shape[1],
  maxPool2d: none,
  averagePool2d: none,
  upsampleNearest: none,
  reshape: none,
  transpose: none,
  broadcastTo: none,
  concat: none,
  slice: none,
  pad: none,
  gather: none,
  scatterAdd: none,
  reduceSum: none,
  reduceMean: none,
  reduceMax: none,
  softmax: none,
  attention: ({ inputs: [, k] }) => 2 * k.shape[1],
  attentionGradient: ({ inputs: [, k] }) => 5 * k.shape[1],
  standardize: none,
  standardizeGradient: none,
};
