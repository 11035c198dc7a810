// WebGPU: state in device tensors of onnxruntime-node, which has neither bfloat16 moments nor float16 gradients there.
import { vulkanParts } from '../machine/vulkan.ts';
import { type DeviceKind, indexedName, MOST_KEPT_SCORES } from './device.ts';

export const webgpu: DeviceKind = (index) => ({
  name: indexedName('webgpu', index),
  target: 'webgpu',
  index,
  stateIn: 'tensors',
  isOptional: true,
  precisions: { float16Products: true, moments: ['float32'], gradients: ['float32'] },
  takesFurtherGraphs: false,
  optimizers: ['adamw'],
  keepsMemory: true,
  keptScores: MOST_KEPT_SCORES,
  sessionOptions: { executionProviders: [index === 0 ? 'webgpu' : { name: 'webgpu', deviceId: index }] },
  probe: (computes) => computes(),
  machineParts: vulkanParts,
});
