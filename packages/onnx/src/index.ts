// The ONNX file format: writing graphs, reading files.
export { emitOnnx, type OnnxModel } from './emit.ts';
export { RESULTS_REFUSED } from './model-builder.ts';
export { gemmModel, type GemmModelOptions } from './gemm-model.ts';
export { type Target } from './emitters.ts';
export { readOnnx } from './read.ts';
