// Running graphs: sessions, devices, parameter buffers, the optimizer.
export { Program } from './programs/program.ts';
export { DeviceError, DeviceMemoryError, type CompileOptions, type HostArray } from './programs/session.ts';
export { type Device, type DeviceName, type DevicePrecisions, type StatePlace } from './devices/device.ts';
export { DEFAULT_DEVICE, deviceOf, graphFor } from './devices/index.ts';
export { checkDevice, describeDevice, type DeviceDescription } from './check-device.ts';
export { Float32Arrays, ParameterBuffers, type NamedArrays, type ParameterSpec } from './kernels/parameter-buffers.ts';
export { AdamW, type AdamWOptions, type AdamWStep, type ParameterRates, type GradientBuffers } from './optimizers/adamw.ts';
export { Prodigy, type ProdigyOptions, type ProdigyState } from './optimizers/prodigy.ts';
export { type MomentPrecision, type Moments } from './optimizers/moments.ts';
export {
  type LossGraph,
  splitParameters,
  TrainingProgram,
  type TrainingProgramOptions,
  type Update,
  type UpdateOptions,
} from './training/training-program.ts';
export {
  NoGradientsError,
  type BackendOptions,
  type GradientPrecision,
  type TrainingBackend,
} from './training/backend.ts';
export { type PassMemory } from '@styleforge/onnx';
export { passMemory } from './training/pass-memory.ts';
export { OnnxRuntimeError } from './native/api.ts';
export { CudaError } from './native/cuda-runtime.ts';
export { LibraryError } from './native/library-paths.ts';
export { ReleasedError } from './native/owned.ts';
export { LossScale, type LossScaleState } from './optimizers/loss-scale.ts';
export { gemm, type GemmOptions, type Matrix } from './gemm.ts';
export { KernelSums, type RowSet } from './kernel-sums.ts';
