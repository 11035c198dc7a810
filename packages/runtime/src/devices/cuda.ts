// CUDA through onnxruntime-node, which brings every result back to the host: state in the host's arrays.
import { type DeviceKind, indexedName } from './device.ts';

export const cuda: DeviceKind = (index) => ({
  name: indexedName('cuda', index),
  target: 'cuda',
  index,
  stateIn: 'host',
  isOptional: true,
  precisions: { float16Products: true, moments: ['float32', 'bfloat16'], gradients: ['float32', 'float16'] },
  keepsMemory: true,
  sessionOptions: {
    executionProviders: [index === 0 ? 'cuda' : { name: 'cuda', deviceId: index }],
    // the fused normalization leaves out the deviation, which the gradient reads
    extra: { optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' } },
  },
  probe: (computes) => computes(),
});
