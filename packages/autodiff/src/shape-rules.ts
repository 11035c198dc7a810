// Shape and type of every operation's result, and checks of its operands.
import { type Conv2dAttributes, type OpAttributes, type OpKind, type Pool2dAttributes } from './ops.ts';
import { broadcastShapes, elementCount, normalizeAxis, sameShape, ShapeError, type DType, type Shape, type Tensor } from './tensor.ts';

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Computes the type of the result, or a list of several. */
type ShapeRule<K extends OpKind> = (inputs: readonly Tensor[], attributes: OpAttributes[K]) => TensorType | readonly TensorType[];
/** Sources of the graph, which have types of their own. The types of all other nodes are inferred. */
export type SourceKind = 'input' | 'parameter' | 'constant';
export type ComputedKind = Exclude<OpKind, SourceKind>;

const float = (shape: Shape): TensorType => ({ dtype: 'float32', shape });

function expectFloats(kind: string, inputs: readonly Tensor[], least: number, most = least): void {
  if (inputs.length < least || inputs.length > most) {
    throw new ShapeError(`${kind}: expected ${least === most ? least : `${least} to ${most}`} operands, got ${inputs.length}`);
  }
  for (const input of inputs) {
    if (input.dtype !== 'float32') throw new ShapeError(`${kind}: operand is ${input.dtype}, expected float32`);
  }
}

const unary =
  (kind: string) =>
  (inputs: readonly Tensor[]): TensorType => {
    expectFloats(kind, inputs, 1);
    return float(inputs[0].shape);
  };

const binary =
  (kind: string) =>
  (inputs: readonly Tensor[]): TensorType => {
    expectFloats(kind, inputs, 2);
    return float(broadcastShapes(inputs[0].shape, inputs[1].shape, kind));
  };

const reduction =
  (kind: string) =>
  (inputs: readonly Tensor[], { axes, keepDimensions }: { axes: readonly number[]; keepDimensions: boolean }): TensorType => {
    expectFloats(kind, inputs, 1);
    const { shape } = inputs[0];
    const reduced = new Set(axes.map((axis) => normalizeAxis(axis, shape.length, kind)));
    if (reduced.size === 0) throw new ShapeError(`${kind}: no axes given`);
    return float(shape.flatMap((dimension, i) => (!reduced.has(i) ? [dimension] : keepDimensions ? [1] : [])));
  };

/** Height and width after a convolution. */
function convolvedSize(size: Shape, kernel: Shape, { strides, pads }: Conv2dAttributes): [number, number] {
  return [0, 1].map((i) => Math.floor((size[i] + pads[i] + pads[i + 2] - kernel[i]) / strides[i]) + 1) as [number, number];
}

function attentionShape(inputs: readonly Tensor[], { heads }: OpAttributes['attention']): TensorType {
  expectFloats('attention', inputs, 3);
  const [q, k, v] = inputs.map((input) => input.shape);
  if (q.length !== 3 || !sameShape(k, v) || k.length !== 3 || q[0] !== k[0] || q[2] !== k[2]) {
    throw new ShapeError(`attention: queries [${q}], keys [${k}] and values [${v}] must be [batch, length, features], keys like values`);
  }
  if (q[2] % heads !== 0) throw new ShapeError(`attention: ${q[2]} features do not divide into ${heads} heads`);
  return float(q);
}

function attentionGradientShape(inputs: readonly Tensor[], attributes: OpAttributes['attention']): TensorType[] {
  expectFloats('attentionGradient', inputs, 5);
  const [q, k, v, output, dy] = inputs;
  attentionShape([q, k, v], attributes);
  if (!sameShape(output.shape, q.shape) || !sameShape(dy.shape, q.shape)) {
    throw new ShapeError(`attentionGradient: output [${output.shape}] and its gradient [${dy.shape}] must be like queries [${q.shape}]`);
  }
  return [q, k, v].map(({ shape }) => float(shape));
}

function standardizeGradientShape(inputs: readonly Tensor[]): TensorType {
  expectFloats('standardizeGradient', inputs, 3);
  const [y, r, dy] = inputs.map((input) => input.shape);
  if (!sameShape(y, dy) || !sameShape(r, [...y.slice(0, -1), 1])) {
    throw new ShapeError(`standardizeGradient: values [${y}], inverse deviations [${r}] and gradient [${dy}] do not fit`);
  }
  return float(y);
}

/** The gradient of an activation: all operands have the shape of its result. */
const activationGradient =
  (kind: string, operands: number) =>
  (inputs: readonly Tensor[]): TensorType => {
    expectFloats(kind, inputs, operands);
    const [{ shape }] = inputs;
    if (!inputs.every((input) => sameShape(input.shape, shape))) {
      throw new ShapeError(`${kind}: operands [${inputs.map((input) => input.shape).join('], [')}] differ`);
    }
    return float(shape);
  };

function matmulShape(inputs: readonly Tensor[], attributes: OpAttributes['matmul']): TensorType {
  expectFloats('matmul', inputs, 2);
  const [a, b] = inputs.map((input) => input.shape);
  if (a.length < 2 || b.length < 2) throw new ShapeError(`matmul: [${a}] and [${b}] must have rank 2 or more`);
  const [rows, innerA] = attributes.transposeA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [innerB, columns] = attributes.transposeB ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  if (innerA !== innerB) {
    throw new ShapeError(`matmul: [${a}]${attributes.transposeA ? "'" : ''} and [${b}]${attributes.transposeB ? "'" : ''} do not multiply`);
  }
  return float([...broadcastShapes(a.slice(0, -2), b.slice(0, -2), 'matmul'), rows, columns]);
}

function conv2dShape(inputs: readonly Tensor[], attributes: Conv2dAttributes): TensorType {
  expectFloats('conv2d', inputs, 2, 3);
  const [x, weight, bias] = inputs.map((input) => input.shape);
  if (x.length !== 4 || weight.length !== 4 || x[1] !== weight[1]) {
    throw new ShapeError(`conv2d: input [${x}] does not fit weight [${weight}]`);
  }
  if (bias && !sameShape(bias, [weight[0]])) throw new ShapeError(`conv2d: bias [${bias}] does not fit weight [${weight}]`);
  return float([x[0], weight[0], ...convolvedSize(x.slice(2), weight.slice(2), attributes)]);
}

const pooling =
  (kind: string) =>
  (inputs: readonly Tensor[], attributes: Pool2dAttributes): TensorType => {
    expectFloats(kind, inputs, 1);
    const { shape } = inputs[0];
    if (shape.length !== 4) throw new ShapeError(`${kind}: input [${shape}] must be [n, c, h, w]`);
    const size = convolvedSize(shape.slice(2), attributes.kernel, attributes);
    const padded = attributes.pads.some((pad, i) => pad >= attributes.kernel[i % 2]);
    if (padded || size.some((length) => length < 1))
      throw new ShapeError(`${kind}: windows of [${attributes.kernel}] do not fit [${shape}]`);
    return float([shape[0], shape[1], ...size]);
  };

function linearShape(inputs: readonly Tensor[]): TensorType {
  expectFloats('linear', inputs, 2, 3);
  const [x, weight, bias] = inputs.map((input) => input.shape);
  if (weight.length !== 2 || x.length < 1 || x.at(-1) !== weight[1]) {
    throw new ShapeError(`linear: input [${x}] does not fit weight [${weight}]`);
  }
  if (bias && !sameShape(bias, [weight[0]])) throw new ShapeError(`linear: bias [${bias}] does not fit weight [${weight}]`);
  return float([...x.slice(0, -1), weight[0]]);
}

function gatherShape(inputs: readonly Tensor[]): TensorType {
  const [table, indices] = inputs;
  if (inputs.length !== 2 || table.dtype !== 'float32' || indices.dtype !== 'int32') {
    throw new ShapeError('gather: expected a float32 table and int32 indices');
  }
  return float([...indices.shape, ...table.shape.slice(1)]);
}

function scatterAddShape(inputs: readonly Tensor[], { rows }: OpAttributes['scatterAdd']): TensorType {
  const [updates, indices] = inputs;
  const rank = indices.shape.length;
  if (indices.dtype !== 'int32' || !sameShape(updates.shape.slice(0, rank), indices.shape)) {
    throw new ShapeError(`scatterAdd: updates [${updates.shape}] do not fit indices [${indices.shape}]`);
  }
  return float([rows, ...updates.shape.slice(rank)]);
}

function concatShape(inputs: readonly Tensor[], attributes: OpAttributes['concat']): TensorType {
  expectFloats('concat', inputs, 1, Infinity);
  const [first] = inputs;
  const axis = normalizeAxis(attributes.axis, first.shape.length, 'concat');
  for (const { shape } of inputs) {
    if (shape.length !== first.shape.length || shape.some((dimension, i) => i !== axis && dimension !== first.shape[i])) {
      throw new ShapeError(`concat: [${first.shape}] and [${shape}] differ outside axis ${axis}`);
    }
  }
  const total = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
  return float(first.shape.map((dimension, i) => (i === axis ? total : dimension)));
}

function sliceShape(inputs: readonly Tensor[], { axis, start, end }: OpAttributes['slice']): TensorType {
  expectFloats('slice', inputs, 1);
  const { shape } = inputs[0];
  normalizeAxis(axis, shape.length, 'slice');
  if (axis < 0 || start < 0 || end > shape[axis] || start >= end) {
    throw new ShapeError(`slice: ${start}:${end} is outside axis ${axis} of [${shape}]`);
  }
  return float(shape.map((dimension, i) => (i === axis ? end - start : dimension)));
}

function reshapeShape(inputs: readonly Tensor[], { shape }: OpAttributes['reshape']): TensorType {
  if (elementCount(shape) !== elementCount(inputs[0].shape)) {
    throw new ShapeError(`reshape: [${inputs[0].shape}] does not hold [${shape}]`);
  }
  return { dtype: inputs[0].dtype, shape };
}

function transposeShape(inputs: readonly Tensor[], { permutation }: OpAttributes['transpose']): TensorType {
  expectFloats('transpose', inputs, 1);
  const { shape } = inputs[0];
  if (
    !sameShape(
      [...permutation].sort((a, b) => a - b),
      shape.map((_, i) => i),
    )
  ) {
    throw new ShapeError(`transpose: [${permutation}] is not a permutation of the axes of [${shape}]`);
  }
  return float(permutation.map((axis) => shape[axis]));
}

function broadcastToShape(inputs: readonly Tensor[], { shape }: OpAttributes['broadcastTo']): TensorType {
  expectFloats('broadcastTo', inputs, 1);
  if (!sameShape(broadcastShapes(inputs[0].shape, shape, 'broadcastTo'), shape)) {
    throw new ShapeError(`broadcastTo: [${inputs[0].shape}] does not broadcast to [${shape}]`);
  }
  return float(shape);
}

export const shapeRules: { readonly [K in ComputedKind]: ShapeRule<K> } = {
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),
  neg: unary('neg'),
  exp: unary('exp'),
  log: unary('log'),
  sqrt: unary('sqrt'),
  reciprocal: unary('reciprocal'),
  sigmoid: unary('sigmoid'),
  tanh: unary('tanh'),
  erf: unary('erf'),
  sin: unary('sin'),
  cos: unary('cos'),
  relu: unary('relu'),
  silu: unary('silu'),
  quickGelu: unary('quickGelu'),
  gelu: unary('gelu'),
  siluGradient: activationGradient('siluGradient', 3),
  geluGradient: activationGradient('geluGradient', 2),
  stopGradient: unary('stopGradient'),
  matmul: matmulShape,
  linear: linearShape,
  conv2d: conv2dShape,
  conv2dInputGradient: (_, { inputShape }) => float(inputShape),
  conv2dWeightGradient: ([x, dy], { kernel }) => float([dy.shape[1], x.shape[1] * kernel[0] * kernel[1]]),
  maxPool2d: pooling('maxPool2d'),
  averagePool2d: pooling('averagePool2d'),
  upsampleNearest: (inputs, { scale }) => {
    expectFloats('upsampleNearest', inputs, 1);
    const [n, c, h, w] = inputs[0].shape;
    return float([n, c, h * scale[0], w * scale[1]]);
  },
  reshape: reshapeShape,
  transpose: transposeShape,
  broadcastTo: broadcastToShape,
  concat: concatShape,
  slice: sliceShape,
  pad: (inputs, { before, after }) => {
    expectFloats('pad', inputs, 1);
    const { shape } = inputs[0];
    if (before.length !== shape.length || after.length !== shape.length) {
      throw new ShapeError(`pad: one count per axis of [${shape}] is needed`);
    }
    return float(shape.map((dimension, i) => dimension + before[i] + after[i]));
  },
  gather: gatherShape,
  scatterAdd: scatterAddShape,
  reduceSum: reduction('reduceSum'),
  reduceMean: reduction('reduceMean'),
  reduceMax: reduction('reduceMax'),
  softmax: unary('softmax'),
  attention: attentionShape,
  attentionGradient: attentionGradientShape,
  standardize: (inputs) => {
    expectFloats('standardize', inputs, 1);
    return [float(inputs[0].shape), float([...inputs[0].shape.slice(0, -1), 1])];
  },
  standardizeGradient: standardizeGradientShape,
};
