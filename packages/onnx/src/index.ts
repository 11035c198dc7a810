// Graphs as ONNX files, each lowered for the device that will run it.
export { emitOnnx, type EmitOptions, type OnnxModel, weightInput } from './emit.ts';
export { type FloatPrecision } from './file/model-builder.ts';
export { type PassMemory, passMemory } from './pass-memory.ts';
export { OWN_DOMAIN } from './lowering/own-kernels.ts';
export { type Target } from './lowering/index.ts';
export { gemmModel, type GemmModelOptions } from './file/gemm-model.ts';
export { kernelSumsModel } from './file/kernel-sums-model.ts';
