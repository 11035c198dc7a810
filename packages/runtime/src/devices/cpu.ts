// The processor: state in the host's arrays, updated in place.
import { type DeviceKind, indexedName, MOST_KEPT_SCORES } from './device.ts';

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
  keptScores: MOST_KEPT_SCORES,
  probe: (computes) => computes(),
  machineParts: () => [],
});
