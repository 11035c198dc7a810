// The kinds of devices, by their names in settings.
import { Graph, type GraphOptions } from '@styleforge/autodiff';
import { type Target } from '@styleforge/onnx';
import { cpu } from './cpu.ts';
import { cuda } from './cuda.ts';
import { type Device, type DeviceKind, type DeviceName } from './device.ts';
import { webgpu } from './webgpu.ts';

/** One kind of device for each lowering. A missing one is a compile error. */
const kinds: { readonly [Kind in Target]: DeviceKind } = { cpu, webgpu, cuda };

/** The default device. */
export const DEFAULT_DEVICE: DeviceName = 'cpu';

/** The device of a name, or the given device. Throws RangeError for an unknown name. */
export function deviceOf(name: DeviceName | Device = DEFAULT_DEVICE): Device {
  if (typeof name !== 'string') return name;
  const [kind, index = '0'] = name.split(':');
  if (!Object.hasOwn(kinds, kind) || !/^\d+$/.test(index)) {
    throw new RangeError(`the device '${name}' is unknown: choose one of ${Object.keys(kinds).join(', ')}, or one of several as in cuda:1`);
  }
  return kinds[kind as Target](Number(index));
}

/** Creates an empty graph with the memory policy of its device. */
export const graphFor = (device?: DeviceName | Device, options: Omit<GraphOptions, 'keptScores'> = {}): Graph =>
  new Graph({ ...options, keptScores: deviceOf(device).keptScores });
