// Whether a device is there and computes.
import { Graph } from '@styleforge/autodiff';
import { Program } from './programs/program.ts';
import { type DeviceName } from './devices/device.ts';
import { deviceOf } from './devices/index.ts';
import { type CompileOptions, DeviceError } from './programs/session.ts';

/** Throws DeviceError when it is absent, or gives wrong results; with mixed precision also onnxruntime's error when the device has no float16. */
export function checkDevice(device: DeviceName, options: Pick<CompileOptions, 'mixedPrecision'> = {}): Promise<void> {
  return deviceOf(device).probe(() => multiply(device, options));
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
