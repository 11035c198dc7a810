// The differentiable graph: what is computed, never how or where.
export { elementCount, sameShape, ShapeError, type DType, type Shape, type Tensor } from './tensor.ts';
export { type Conv2dAttributes, type OpAttributes, type OpKind } from './ops.ts';
export { Graph, isNode, type OpNode } from './graph.ts';
export { gradientRules } from './gradient-rules.ts';
export { gradients } from './gradients.ts';
export { lastTwoSwapped } from './products.ts';
