// The kinds of devices, by the name that settings give them.
import { Graph, type GraphOptions } from '@styleforge/autodiff';
import { type Target } from '@styleforge/onnx';
import { cpu } from './cpu.ts';
import { cuda } from './cuda.ts';
import { type Device, type DeviceKind, type DeviceName } from './device.ts';
import { webgpu } from './webgpu.ts';

/** A lowering without its device does not compile. */
const kinds: { readonly [Kind in Target]: DeviceKind } = { cpu, webgpu, cuda };

/** What is computed on where nothing else is said. */
export const DEFAULT_DEVICE: DeviceName = 'cpu';

/** The device of a name, or the one that is given. Throws RangeError for a name that is none. */
export function deviceOf(name: DeviceName | Device = DEFAULT_DEVICE): Device {
  if (typeof name !== 'string') return name;
  const [kind, index = '0'] = name.split(':');
  if (!Object.hasOwn(kinds, kind) || !/^\d+$/.test(index)) {
    throw new RangeError(`the device '${name}' is unknown: choose one of ${Object.keys(kinds).join(', ')}, or one of several as in cuda:1`);
  }
  return kinds[kind as Target](Number(index));
}

/** An empty graph with the memory policy of the device that it is for. */
export const graphFor = (device?: DeviceName | Device, options: Omit<GraphOptions, 'keptScores'> = {}): Graph =>
  new Graph({ ...options, keptScores: deviceOf(device).keptScores });
