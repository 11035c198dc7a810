// The differentiable graph: it says what is computed, but not how or where.
export { elementCount, sameShape, ShapeError, type DType, type Shape, type Tensor } from './tensor.ts';
export { type AttentionAttributes, type Conv2dAttributes, type OpAttributes, type OpKind } from './ops.ts';
export { Graph, type OwnGradient, type OwnGradientContext } from './graph.ts';
export { isNode, type GraphOptions, type OpNode } from './nodes.ts';
export { type ComputedKind } from './shape-rules.ts';
export { gradientRules } from './gradient-rules.ts';
export { gradients } from './gradients.ts';
export { plainGeluGradient, plainSiluGradient, plainStandardizeGradient } from './plain-gradients.ts';
export { softmaxProduct, withRowSums } from './softmax-product.ts';
export { joinHeads, lastTwoSwapped, splitHeads } from './axes.ts';
