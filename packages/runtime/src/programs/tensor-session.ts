// Sessions of onnxruntime-node, for devices whose memory only it can access. It is loaded when such a device is first used.
import type ort from 'onnxruntime-node';
import { type TensorDevice } from '../devices/device.ts';
import { THREAD_WAIT } from '../native/threads.ts';
import { type CompileOptions, type HostArray, refusal, type ResultArray } from './session.ts';

export const onnxruntimeNode = async (): Promise<typeof ort> => (await import('onnxruntime-node')).default;

export function hostTensor({ Tensor }: typeof ort, data: HostArray | ResultArray, shape: readonly number[]): ort.Tensor {
  if (data instanceof Uint16Array) return new Tensor('float16', data, shape);
  return data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int32', data, shape);
}

function sessionOptions(
  device: TensorDevice,
  { threads, keepMemory = true, profile }: CompileOptions,
): ort.InferenceSession.SessionOptions {
  const { extra, ...own } = device.sessionOptions;
  return {
    ...own,
    graphOptimizationLevel: keepMemory ? 'all' : 'disabled',
    executionMode: 'sequential',
    logSeverityLevel: 3,
    enableMemPattern: false,
    extra: { ...extra, session: { intra_op: THREAD_WAIT } },
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  };
}

/** Creates a session. Throws DeviceError if the device is missing or cannot run the model. */
export async function createTensorSession(
  device: TensorDevice,
  model: Uint8Array,
  options: CompileOptions,
  further: ort.InferenceSession.SessionOptions = {},
): Promise<ort.InferenceSession> {
  const { InferenceSession } = await onnxruntimeNode();
  try {
    return await InferenceSession.create(model, { ...sessionOptions(device, options), ...further });
  } catch (error) {
    throw refusal(device, error);
  }
}
