// How each graph operation is written in ONNX operations, for the device that will run it.
import { elementCount, lastTwoSwapped, type OpKind, type OpNode } from '@styleforge/autodiff';
import { convolution, inputGradient, weightGradient } from './convolutions.ts';
import { type FloatPrecision } from './mixed-precision.ts';
import { INT64, ints, type ModelBuilder, type Target } from './model-builder.ts';

export interface EmitContext<K extends OpKind = OpKind> {
  readonly builder: ModelBuilder;
  /** WebGPU lacks onnxruntime's own fused operations: there they are written out. */
  readonly target: Target;
  readonly node: OpNode<K>;
  /** ONNX names of the operands. */
  readonly operands: readonly string[];
  /** Of the operands, and of what is computed from them. */
  readonly precision: FloatPrecision;
  /** Whether the model also needs 1/deviation of a standardized value. */
  readonly wantsDeviation: boolean;
  /** Results that one node computes for several graph operations. */
  readonly shared: Map<string, string>;
}

type Emitter<K extends OpKind> = (context: EmitContext<K>) => string;

const MICROSOFT = 'com.microsoft';

const simple =
  <K extends OpKind>(opType: string): Emitter<K> =>
  ({ builder, operands }) =>
    builder.node(opType, operands);
const float = ({ builder, precision }: Pick<EmitContext, 'builder' | 'precision'>, value: number): string =>
  builder.floats(Float32Array.of(value), [], precision);

function source({ node }: EmitContext): string {
  throw new Error(`'${node.kind}' is declared, not computed`);
}

function emitMatmul(context: EmitContext<'matmul'>): string {
  const { builder, target, node, operands } = context;
  const { transposeA, transposeB, alpha } = node.attributes;
  const [a, b] = node.inputs;
  if (a.shape.length === 2 && b.shape.length === 2) {
    return builder.node('Gemm', operands, { attributes: { transA: BigInt(transposeA), transB: BigInt(transposeB), alpha } });
  }
  if (target !== 'webgpu') {
    if (!transposeA && !transposeB && alpha === 1) return builder.node('MatMul', operands);
    return builder.node('FusedMatMul', operands, {
      domain: MICROSOFT,
      attributes: { transA: BigInt(transposeA), transB: BigInt(transposeB), alpha },
    });
  }
  const left = transposeA ? swapLast(builder, operands[0], a.shape.length) : operands[0];
  const right = transposeB ? swapLast(builder, operands[1], b.shape.length) : operands[1];
  const product = builder.node('MatMul', [left, right]);
  return alpha === 1 ? product : builder.node('Mul', [product, float(context, alpha)]);
}

function swapLast(builder: ModelBuilder, x: string, rank: number): string {
  return builder.transpose(x, lastTwoSwapped(rank));
}

function emitLinear({ builder, node, operands }: EmitContext<'linear'>): string {
  const [x, weight] = node.inputs;
  const width = weight.shape[1];
  const flat = x.shape.length === 2 ? operands[0] : builder.reshape(operands[0], [elementCount(x.shape) / width, width]);
  const product = builder.node('Gemm', [flat, ...operands.slice(1)], { attributes: { transB: 1n } });
  return x.shape.length === 2 ? product : builder.reshape(product, node.output.shape);
}

/** WebGPU's LayerNormalization leaves its further outputs out. */
function emitInverseDeviation(context: EmitContext<'inverseDeviation'>): string {
  const {
    builder,
    node,
    operands: [x],
  } = context;
  const mean = (value: string): string => builder.node('ReduceMean', [value, builder.integers([-1])], { attributes: { keepdims: 1n } });
  const centred = builder.node('Sub', [x, mean(x)]);
  const variance = mean(builder.node('Mul', [centred, centred]));
  return builder.node('Reciprocal', [builder.node('Sqrt', [builder.node('Add', [variance, float(context, node.attributes.epsilon)])])]);
}

function emitStandardize(context: EmitContext<'standardize'> | EmitContext<'inverseDeviation'>, wanted: 'value' | 'deviation'): string {
  const { builder, node, operands, shared, wantsDeviation } = context;
  const key = `${node.inputs[0].id}:${node.attributes.epsilon}`;
  if (!shared.has(`${key}:value`)) {
    const width = node.inputs[0].shape.at(-1)!;
    const ones = shared.get(`ones:${width}`) ?? builder.initializer(new Float32Array(width).fill(1), [width]);
    shared.set(`ones:${width}`, ones);
    const outputs = [
      builder.freshName('standardized'),
      ...(wantsDeviation && context.target !== 'webgpu' ? [builder.freshName('mean'), builder.freshName('deviation')] : []),
    ];
    builder.node('LayerNormalization', [operands[0], ones], { outputs, attributes: { axis: -1n, epsilon: node.attributes.epsilon } });
    shared.set(`${key}:value`, outputs[0]);
    if (outputs.length > 1) shared.set(`${key}:deviation`, outputs[2]);
  }
  return shared.get(`${key}:${wanted}`)!;
}

function emitReduction(opType: string): (context: EmitContext<'reduceSum' | 'reduceMean' | 'reduceMax'>) => string {
  return ({ builder, node, operands }) =>
    builder.node(opType, [operands[0], builder.integers(node.attributes.axes)], {
      attributes: { keepdims: BigInt(node.attributes.keepDimensions) },
    });
}

function emitPooling(opType: string, further: Record<string, bigint>): (context: EmitContext<'maxPool2d' | 'averagePool2d'>) => string {
  return ({
    builder,
    node: {
      attributes: { kernel, strides, pads },
    },
    operands,
  }) =>
    builder.node(opType, operands, {
      attributes: { kernel_shape: ints(kernel), strides: ints(strides), pads: ints(pads), ...further },
    });
}

function emitScatterAdd({ builder, node, operands }: EmitContext<'scatterAdd'>): string {
  const zeros = builder.node('ConstantOfShape', [builder.integers(node.output.shape)]);
  const wide = builder.node('Cast', [operands[1]], { attributes: { to: BigInt(INT64) } });
  const indices = builder.node('Unsqueeze', [wide, builder.integers([-1])]);
  return builder.node('ScatterND', [zeros, indices, operands[0]], { attributes: { reduction: 'add' } });
}

export const emitters: { readonly [K in OpKind]: Emitter<K> } = {
  input: source,
  parameter: source,
  constant: ({ builder, node }) => builder.initializer(node.attributes.data, node.output.shape),
  add: simple('Add'),
  sub: simple('Sub'),
  mul: simple('Mul'),
  div: simple('Div'),
  neg: simple('Neg'),
  exp: simple('Exp'),
  log: simple('Log'),
  sqrt: simple('Sqrt'),
  reciprocal: simple('Reciprocal'),
  sigmoid: simple('Sigmoid'),
  tanh: simple('Tanh'),
  erf: simple('Erf'),
  sin: simple('Sin'),
  cos: simple('Cos'),
  relu: simple('Relu'),
  silu: (context) => emitLogisticProduct(context, 1),
  quickGelu: (context) => emitLogisticProduct(context, 1.702),
  gelu: ({ builder, operands }) => builder.node('Gelu', operands),
  stopGradient: simple('Identity'),
  matmul: emitMatmul,
  linear: emitLinear,
  conv2d: (context) => {
    const {
      node: {
        inputs: [x, weight],
        output,
        attributes,
      },
      operands,
    } = context;
    return convolution(context, operands, x.shape, weight.shape, output.shape, attributes);
  },
  conv2dInputGradient: (context) => {
    const {
      node: {
        inputs: [dy, weight],
        attributes,
      },
      operands,
    } = context;
    return inputGradient(context, operands[0], operands[1], dy.shape, weight.shape, attributes);
  },
  conv2dWeightGradient: (context) => {
    const {
      node: {
        inputs: [x, dy],
        attributes,
      },
      operands,
    } = context;
    return weightGradient(context, operands[0], operands[1], x.shape, dy.shape, attributes);
  },
  maxPool2d: emitPooling('MaxPool', {}),
  averagePool2d: emitPooling('AveragePool', { count_include_pad: 0n }),
  upsampleNearest: ({ builder, node, operands }) => {
    const scales = builder.initializer(Float32Array.of(1, 1, ...node.attributes.scale), [4]);
    return builder.node('Resize', [operands[0], '', scales], {
      attributes: { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' },
    });
  },
  reshape: ({ builder, node, operands }) => builder.reshape(operands[0], node.attributes.shape),
  transpose: ({ builder, node, operands }) => builder.transpose(operands[0], node.attributes.permutation),
  broadcastTo: ({ builder, node, operands }) => builder.node('Expand', [operands[0], builder.integers(node.attributes.shape)]),
  concat: ({ builder, node, operands }) => builder.node('Concat', operands, { attributes: { axis: BigInt(node.attributes.axis) } }),
  slice: ({
    builder,
    node: {
      attributes: { axis, start, end },
    },
    operands,
  }) => builder.node('Slice', [operands[0], ...[[start], [end], [axis]].map((values) => builder.integers(values))]),
  pad: ({ builder, node, operands }) =>
    builder.node('Pad', [operands[0], builder.integers([...node.attributes.before, ...node.attributes.after])]),
  gather: ({ builder, operands }) => builder.node('Gather', operands, { attributes: { axis: 0n } }),
  scatterAdd: emitScatterAdd,
  reduceSum: emitReduction('ReduceSum'),
  reduceMean: emitReduction('ReduceMean'),
  reduceMax: emitReduction('ReduceMax'),
  softmax: ({ builder, operands }) => builder.node('Softmax', operands, { attributes: { axis: -1n } }),
  softmaxProduct: ({ builder, operands: [, weights, values] }) => builder.node('MatMul', [weights, values]),
  attention: ({
    builder,
    node: {
      attributes: { heads, scale },
    },
    operands,
  }) => builder.node('MultiHeadAttention', operands, { domain: MICROSOFT, attributes: { num_heads: BigInt(heads), scale } }),
  standardize: (context) => emitStandardize(context, 'value'),
  inverseDeviation: (context) => (context.target !== 'webgpu' ? emitStandardize(context, 'deviation') : emitInverseDeviation(context)),
};

/** x * sigmoid(alpha x) */
function emitLogisticProduct(context: EmitContext<'silu'> | EmitContext<'quickGelu'>, alpha: number): string {
  const {
    builder,
    target,
    operands: [x],
  } = context;
  if (target !== 'webgpu') return builder.node('QuickGelu', [x], { domain: MICROSOFT, attributes: { alpha } });
  const scaled = alpha === 1 ? x : builder.node('Mul', [x, float(context, alpha)]);
  return builder.node('Mul', [x, builder.node('Sigmoid', [scaled])]);
}
