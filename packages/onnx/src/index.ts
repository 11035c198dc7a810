// The ONNX file format: writing graphs.
export { emitOnnx, type OnnxModel } from './emit.ts';
export { RESULTS_REFUSED } from './model-builder.ts';
export { gemmModel, type GemmModelOptions } from './gemm-model.ts';
export { type Target } from './emitters.ts';
