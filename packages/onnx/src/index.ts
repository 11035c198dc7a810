// The ONNX file format: writing graphs.
export { emitOnnx, type EmitOptions, type OnnxModel } from './emit.ts';
export { RESULTS_REFUSED, type Target } from './model-builder.ts';
export { gemmModel, type GemmModelOptions } from './gemm-model.ts';
