// Checks that a device exists and computes correctly, and describes it.
import { Graph } from '@styleforge/autodiff';
import { Program } from './programs/program.ts';
import { type DeviceName } from './devices/device.ts';
import { deviceOf } from './devices/index.ts';
import { type CompileOptions, DeviceError } from './programs/session.ts';

/** Facts about a card and its CUDA versions. */
export interface DeviceDescription {
  readonly name: string;
  readonly memoryBytes: number;
  readonly freeBytes: number;
  /** Compute capability, such as 9. */
  readonly capability: number;
  /** The newest CUDA version that the driver supports, and the version that the provider uses, in CUDA's notation: 13000 for 13.0. */
  readonly cuda: { readonly driver: number; readonly runtime: number };
}

/**
 * Checks that the device computes correctly. Throws DeviceError if it is missing or gives wrong results. With mixed precision, throws
 * onnxruntime's error if the device has no float16.
 */
export function checkDevice(device: DeviceName, options: Pick<CompileOptions, 'mixedPrecision'> = {}): Promise<void> {
  return deviceOf(device).probe(() => multiply(device, options));
}

/** Facts about an available device, or null if the engine cannot read any. */
export function describeDevice(name: DeviceName): DeviceDescription | null {
  const device = deviceOf(name);
  if (device.stateIn !== 'blocks') return null;
  const { name: card, capability, memory, versions } = device.engine().runtime.facts;
  return { name: card, memoryBytes: memory.total, freeBytes: memory.free, capability: capability / 10, cuda: versions };
}

async function multiply(device: DeviceName, { mixedPrecision }: Pick<CompileOptions, 'mixedPrecision'>): Promise<void> {
  const graph = new Graph();
  const left = graph.input('left', [2, 2]);
  const program = await Program.compile(graph, { product: graph.matmul(left, left) }, { device, mixedPrecision });
  try {
    const { product } = await program.run({ left: Float32Array.of(1, 2, 3, 4) });
    if (product.join() !== '7,10,15,22')
      throw new DeviceError(`the device '${device}' computes wrongly: [1 2; 3 4] squared gave ${product.join()}`);
  } finally {
    await program.release();
  }
}
