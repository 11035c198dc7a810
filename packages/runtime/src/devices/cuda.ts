// CUDA through onnxruntime's C API: state in flat blocks of the card's memory, updated by kernels of our own.
import { nvidiaParts } from '../machine/nvidia.ts';
import { cudaEngine } from './cuda-engine.ts';
import { type DeviceKind, indexedName, MOST_KEPT_SCORES } from './device.ts';

export const cuda: DeviceKind = (index) => ({
  name: indexedName('cuda', index),
  target: 'cuda',
  index,
  stateIn: 'blocks',
  isOptional: true,
  precisions: { float16Products: true, halfWeights: true, moments: ['float32', 'bfloat16'], gradients: ['float32', 'float16'] },
  takesFurtherGraphs: false,
  optimizers: ['adamw'],
  keepsMemory: true,
  keptScores: MOST_KEPT_SCORES,
  engine: () => cudaEngine(index),
  probe: (computes) => computes(),
  machineParts: () => nvidiaParts(),
});
