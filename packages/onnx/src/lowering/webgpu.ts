// WebGPU's lowering. It lacks onnxruntime's fused products and activations, and additional results of normalizations, so they are written
// out.
import { attentionGradientByHeads } from './attention.ts';
import { commonEmitters, emitPlainMatmul, float, layerNormalization, plainLogisticProduct } from './common.ts';
import { convolutionEmitters } from './convolutions.ts';
import { plainGradients } from './gradients.ts';
import { type EmitContext, type Lowering } from './lowering.ts';
import { narrowProducts } from './products.ts';

/** 1 / sqrt(variance + epsilon), computed separately because WebGPU's LayerNormalization has one result. */
function inverseDeviation(context: EmitContext<'standardize'>): string {
  const {
    builder,
    node,
    operands: [x],
  } = context;
  const mean = (value: string): string => builder.node('ReduceMean', [value, builder.integers([-1])], { attributes: { keepdims: 1n } });
  const centered = builder.node('Sub', [x, mean(x)]);
  const variance = mean(builder.node('Mul', [centered, centered]));
  return builder.node('Reciprocal', [builder.node('Sqrt', [builder.node('Add', [variance, float(context, node.attributes.epsilon)])])]);
}

export const webgpu: Lowering = {
  expansions: { ...plainGradients, attentionGradient: attentionGradientByHeads(2 ** 18), matmul: narrowProducts(32) },
  emitters: {
    ...commonEmitters,
    ...convolutionEmitters({ filters: false }),
    matmul: emitPlainMatmul,
    silu: plainLogisticProduct(1),
    quickGelu: plainLogisticProduct(1.702),
    standardize: (context) => [...layerNormalization(context, []), ...(context.wanted[1] ? [inverseDeviation(context)] : [])],
  },
  writesIntoGivenArrays: false,
};
