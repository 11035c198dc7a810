// Compiles graphs to sessions of onnxruntime, through its C API and through onnxruntime-node.
import { type DeviceName } from '../devices/device.ts';
import { CudaError } from '../native/cuda-runtime.ts';
import { environmentOf } from '../native/environment.ts';
import { LibraryError } from '../native/library-paths.ts';
import { NativeSession, type NativeSessionOptions } from '../native/session.ts';
import { THREAD_WAIT, threadConfig } from '../native/threads.ts';

export type HostArray = Float32Array | Int32Array;
/** Arrays for results: Float32Array, or Uint16Array for float16. */
export type ResultArray = Float32Array | Uint16Array;

export const GRADIENT_KERNELS = ['none', 'activations', 'all'] as const;
export type GradientKernels = (typeof GRADIENT_KERNELS)[number];

export interface CompileOptions {
  readonly device?: DeviceName;
  /** Threads of one operation; onnxruntime's default is one per physical core. */
  readonly threads?: number;
  /**
   * Whether onnxruntime may optimize the graph and keep memory between values for speed (default). Otherwise the graph runs in the order
   * in which it was written, and the memory of every value is free after its last use; the process should then also have
   * engineEnvironment() of packages/config.
   */
  readonly keepMemory?: boolean;
  /**
   * Whether matrix products, convolutions and the operations between them use float16. Weights, inputs and results stay float32. Slow on
   * the processor.
   */
  readonly mixedPrecision?: boolean;
  /** Whether float32 products may round their operands to TensorFloat-32 on cards that support it (default). */
  readonly tf32?: boolean;
  /**
   * Gradients that kernels of our own compute on cards: `none` (default), those of activations and normalizations, or those of attention
   * as well. Attention's kernel stores no scores, and rounds to TensorFloat-32.
   */
  readonly gradientKernels?: GradientKernels | undefined;
  /** Whether a training's pass is recorded and replayed as one CUDA graph if memory is kept (default). */
  readonly records?: boolean;
  /** Path prefix of a JSON trace written when the program is released. */
  readonly profile?: string;
}

/** Thrown when the device is unavailable or refuses the graph. */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/** Thrown when a device has too little free memory for a task; it can be used for smaller ones. */
export class DeviceMemoryError extends DeviceError {
  override name = 'DeviceMemoryError';
}

/** Returns the result of `act`. Throws DeviceMemoryError if the device's memory does not suffice, and other errors unchanged. */
export async function withinMemory<Result>(device: RefusingDevice, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof CudaError && error.isOutOfMemory ? refusal(device, error) : error;
  }
}

interface RefusingDevice {
  readonly name: DeviceName;
  readonly isOptional: boolean;
}

/** The error for a refused graph. It has a code of its own for a device that was chosen in the settings; on the processor it is a bug. */
export function refusal({ name, isOptional }: RefusingDevice, cause: unknown): DeviceError {
  // Errors about a missing part already say what to do
  const isExplained = cause instanceof LibraryError || cause instanceof CudaError;
  const text = isExplained
    ? `the device '${name}' cannot be used: ${cause.message}`
    : `onnxruntime could not prepare the graph on '${name}': ${String(cause)}`;
  const Refusal = cause instanceof CudaError && cause.isOutOfMemory ? DeviceMemoryError : DeviceError;
  const error = new Refusal(text, { cause });
  return isOptional ? Object.assign(error, { code: 'device_unavailable' }) : error;
}

/** A session on the processor. */
export function processorSession(model: Uint8Array, { config, ...options }: Partial<NativeSessionOptions> = {}): NativeSession {
  return new NativeSession(environmentOf(), model, { optimizes: true, ...options, config: { ...threadConfig(THREAD_WAIT), ...config } });
}
