// Running graphs: sessions, devices, parameter buffers, the optimizer.
export { DeviceError, Program, type CompileOptions, type Device, type HostArray } from './program.ts';
export { ParameterBuffers, type ParameterSpec } from './parameter-buffers.ts';
export { AdamW, type AdamWStep } from './adamw.ts';
export { BufferBlender } from './chunk-kernels.ts';
export { TrainingProgram, type TrainingProgramOptions, type UpdateOptions } from './training-program.ts';
