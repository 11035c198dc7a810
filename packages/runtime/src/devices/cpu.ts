// The processor: state in the host's arrays, updated in place.
import { type DeviceKind, indexedName } from './device.ts';

export const cpu: DeviceKind = (index) => ({
  name: indexedName('cpu', index),
  target: 'cpu',
  index,
  stateIn: 'host',
  isOptional: false,
  precisions: { float16Products: false, moments: ['float32', 'bfloat16'], gradients: ['float32', 'float16'] },
  takesFurtherGraphs: true,
  optimizers: ['adamw', 'prodigy'],
  keepsMemory: false,
  probe: (computes) => computes(),
  machineParts: () => [],
});
