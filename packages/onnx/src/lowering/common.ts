// Emitters that the devices share. They use onnxruntime's own operations where there is one.
import { elementCount, lastTwoSwapped } from '@styleforge/autodiff';
import { INT64, ints } from '../file/model-builder.ts';
import { type EmitContext, type Emitter, type Emitters } from './lowering.ts';

export const MICROSOFT = 'com.microsoft';

const simple =
  <K extends keyof Emitters>(opType: string): Emitter<K> =>
  ({ builder, operands }) =>
    builder.node(opType, operands);

/** A number as a constant in the precision of a node. */
export const float = ({ builder, precision }: Pick<EmitContext, 'builder' | 'precision'>, value: number): string =>
  builder.floats(Float32Array.of(value), [], precision);

function source({ node }: EmitContext): string {
  throw new Error(`'${node.kind}' is declared, not computed`);
}

function expanded({ node }: EmitContext): string {
  throw new Error(`'${node.kind}' has to be written as other operations: the device's lowering has no expansion of it`);
}

function emitMatmul({ builder, node, operands }: EmitContext<'matmul'>): string {
  const { transposeA, transposeB, alpha } = node.attributes;
  const attributes = { transA: BigInt(transposeA), transB: BigInt(transposeB), alpha };
  if (isFlat(node)) return builder.node('Gemm', operands, { attributes });
  if (!transposeA && !transposeB && alpha === 1) return builder.node('MatMul', operands);
  return builder.node('FusedMatMul', operands, { domain: MICROSOFT, attributes });
}

/** Emits a matrix product without onnxruntime's fused operation. */
export function emitPlainMatmul(context: EmitContext<'matmul'>): string {
  const { builder, node, operands } = context;
  const { transposeA, transposeB, alpha } = node.attributes;
  if (isFlat(node)) return emitMatmul(context);
  const [left, right] = [transposeA, transposeB].map((isTransposed, i) =>
    isTransposed ? builder.transpose(operands[i], lastTwoSwapped(node.inputs[i].shape.length)) : operands[i],
  );
  const product = builder.node('MatMul', [left, right]);
  return alpha === 1 ? product : builder.node('Mul', [product, float(context, alpha)]);
}

const isFlat = ({ inputs }: EmitContext['node']): boolean => inputs.every(({ shape }) => shape.length === 2);

function emitLinear({ builder, node, operands }: EmitContext<'linear'>): string {
  const [x, weight] = node.inputs;
  const width = weight.shape[1];
  const flat = x.shape.length === 2 ? operands[0] : builder.reshape(operands[0], [elementCount(x.shape) / width, width]);
  const product = builder.node('Gemm', [flat, ...operands.slice(1)], { attributes: { transB: 1n } });
  return x.shape.length === 2 ? product : builder.reshape(product, node.outputs[0].shape);
}

/** Emits LayerNormalization with `further` additional results. */
export function layerNormalization(
  { builder, node, operands, precision }: EmitContext<'standardize'>,
  further: readonly string[],
): readonly string[] {
  const width = node.inputs[0].shape.at(-1)!;
  const ones = builder.floats(new Float32Array(width).fill(1), [width], precision);
  const outputs = ['standardized', ...further].map((hint) => builder.freshName(hint));
  builder.node('LayerNormalization', [operands[0], ones], { outputs, attributes: { axis: -1n, epsilon: node.attributes.epsilon } });
  return outputs;
}

/** Emits LayerNormalization with those results that are wanted. */
export function emitStandardize(context: EmitContext<'standardize'>): readonly string[] {
  if (!context.wanted[1]) return layerNormalization(context, []);
  const [value, , deviation] = layerNormalization(context, ['mean', 'deviation']);
  return [value, deviation];
}

/** Emits x * sigmoid(alpha x) as one operation of onnxruntime. */
const logisticProduct =
  (alpha: number): Emitter<'silu' | 'quickGelu'> =>
  ({ builder, operands }) =>
    builder.node('QuickGelu', operands, { domain: MICROSOFT, attributes: { alpha } });

/** Emits x * sigmoid(alpha x) as two or three standard operations. */
export const plainLogisticProduct =
  (alpha: number): Emitter<'silu' | 'quickGelu'> =>
  (context) => {
    const {
      builder,
      operands: [x],
    } = context;
    const scaled = alpha === 1 ? x : builder.node('Mul', [x, float(context, alpha)]);
    return builder.node('Mul', [x, builder.node('Sigmoid', [scaled])]);
  };

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
  const zeros = builder.node('ConstantOfShape', [builder.integers(node.outputs[0].shape)]);
  const wide = builder.node('Cast', [operands[1]], { attributes: { to: BigInt(INT64) } });
  const indices = builder.node('Unsqueeze', [wide, builder.integers([-1])]);
  return builder.node('ScatterND', [zeros, indices, operands[0]], { attributes: { reduction: 'add' } });
}

/** Emitters of all operations except convolutions, whose form each device chooses. */
export const commonEmitters: Omit<Emitters, 'conv2d' | 'conv2dInputGradient' | 'conv2dWeightGradient'> = {
  input: source,
  parameter: source,
  constant: ({ builder, node }) => builder.initializer(node.attributes.data, node.outputs[0].shape),
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
  silu: logisticProduct(1),
  quickGelu: logisticProduct(1.702),
  gelu: ({ builder, operands }) => builder.node('Gelu', operands),
  siluGradient: expanded,
  geluGradient: expanded,
  stopGradient: simple('Identity'),
  matmul: emitMatmul,
  linear: emitLinear,
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
  attention: ({
    builder,
    node: {
      attributes: { heads, scale },
    },
    operands,
  }) => builder.node('MultiHeadAttention', operands, { domain: MICROSOFT, attributes: { num_heads: BigInt(heads), scale } }),
  attentionGradient: expanded,
  standardize: emitStandardize,
  standardizeGradient: expanded,
};
