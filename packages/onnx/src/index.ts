// Graphs as ONNX files, each lowered for the device that will run it.
export { emitOnnx, type EmitOptions, type OnnxModel } from './emit.ts';
export { passMemory } from './pass-memory.ts';
export { OWN_DOMAIN } from './lowering/own-kernels.ts';
export { type Target } from './lowering/index.ts';
export { gemmModel, type GemmModelOptions } from './file/gemm-model.ts';
export { kernelSumsModel } from './file/kernel-sums-model.ts';
