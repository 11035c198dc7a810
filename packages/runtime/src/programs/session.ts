// Sessions of onnxruntime on a device: the one place that starts any.
import { RESULTS_REFUSED } from '@styleforge/onnx';
import ort from 'onnxruntime-node';
import { type Device, type DeviceName } from '../devices/device.ts';
import { deviceOf } from '../devices/index.ts';

export type HostArray = Float32Array | Int32Array;
/** Where results are written: float32, or float16 bits. */
export type ResultArray = Float32Array | Uint16Array;

export interface CompileOptions {
  readonly device?: DeviceName;
  /** Threads of one operation; onnxruntime's default is one per physical core. */
  readonly threads?: number;
  /**
   * Let onnxruntime optimize the graph and share memory between values for speed (default). Without it the graph runs in the order in which it was written and every value's
   * memory is free for the next one after its last use; the process should have engineEnvironment() of packages/config too.
   */
  readonly keepMemory?: boolean;
  /** Products of matrices, convolutions and what lies between them in float16; weights, inputs and results stay float32. The processor computes so slowly. */
  readonly mixedPrecision?: boolean;
  /** Path prefix of a JSON trace written when the program is released. */
  readonly profile?: string;
}

/** Raised when the device is not there or refuses the graph. */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/** Where the device is a choice, its absence has a code of its own; a graph that the processor refuses is a mistake of ours. */
function refusal({ name, isOptional }: Device, cause: unknown): DeviceError {
  const error = new DeviceError(`onnxruntime could not prepare the graph on '${name}': ${String(cause)}`, { cause });
  return isOptional ? Object.assign(error, { code: 'device_unavailable' }) : error;
}

export function hostTensor(data: HostArray | ResultArray, shape: readonly number[]): ort.Tensor {
  if (data instanceof Uint16Array) return new ort.Tensor('float16', data, shape);
  return data instanceof Float32Array ? new ort.Tensor('float32', data, shape) : new ort.Tensor('int32', data, shape);
}

/**
 * A waiting thread spins for 50 microseconds, which outlasts the gaps between operations, then sleeps: with onnxruntime's millisecond two processes on one
 * machine get a third less done, without any spinning one process alone is a tenth slower (docs/experiments/engine.md).
 */
const THREAD_WAIT = { allow_spinning: '1', spin_duration_us: '50' };

function sessionOptions(device: Device, { threads, keepMemory = true, profile }: CompileOptions): ort.InferenceSession.SessionOptions {
  const { extra, ...own } = device.sessionOptions;
  return {
    ...own,
    graphOptimizationLevel: keepMemory ? 'all' : 'disabled',
    executionMode: 'sequential',
    logSeverityLevel: 3,
    // without the arena every large value costs page faults anew: a third of the time at full size; a plan of all memory in advance
    // takes two thirds more of it, and no less time (docs/experiments/engine.md)
    enableCpuMemArena: true,
    enableMemPattern: false,
    extra: { ...extra, session: { intra_op: THREAD_WAIT } },
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  };
}

/** Throws DeviceError when the device is absent or cannot run the model. */
export async function createSession(
  model: Uint8Array,
  options: CompileOptions,
  further: ort.InferenceSession.SessionOptions = {},
): Promise<ort.InferenceSession> {
  const device = deviceOf(options.device);
  try {
    return await ort.InferenceSession.create(model, { ...sessionOptions(device, options), ...further });
  } catch (error) {
    throw refusal(device, error);
  }
}

/** What onnxruntime-node says when a run is done and it meets the output RESULTS_REFUSED. */
const REFUSAL = 'Non tensor type is temporarily not supported.';

/**
 * Runs a session on the processor so that results are in the given tensors alone. Without the refusal the binding would copy every
 * result, gradients of all weights among them, into arrays that nobody reads.
 */
export async function runInto(
  session: ort.InferenceSession,
  feeds: Record<string, ort.Tensor>,
  results: Readonly<Record<string, ort.Tensor>>,
): Promise<void> {
  try {
    await session.run(feeds, { [RESULTS_REFUSED]: null, ...results } as unknown as ort.InferenceSession.OnnxValueMapType);
  } catch (error) {
    if (!(error instanceof Error && error.message === REFUSAL)) throw error;
  }
}
