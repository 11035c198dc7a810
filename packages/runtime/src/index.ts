// Running graphs: sessions, devices, parameter buffers, the optimizer.
export { Program } from './program.ts';
export { DeviceError, type CompileOptions, type Device, type HostArray } from './session.ts';
export { checkDevice } from './check-device.ts';
export { Float32Arrays, ParameterBuffers, type NamedArrays, type ParameterSpec } from './parameter-buffers.ts';
export { AdamW, type AdamWOptions, type AdamWStep, type ParameterRates, type GradientBuffers } from './adamw.ts';
export { type MomentPrecision, type Moments } from './moments.ts';
export { moveTowards } from './moving-average.ts';
export {
  splitParameters,
  TrainingProgram,
  type GradientPrecision,
  type TrainingProgramOptions,
  type Update,
  type UpdateOptions,
} from './training-program.ts';
export { LossScale, type LossScaleState } from './loss-scale.ts';
export { gemm, type GemmOptions, type Matrix } from './gemm.ts';
