// CUDA through onnxruntime's C API.
import { type Address } from '../native/api.ts';
import { type Environment } from '../native/environment.ts';
import { type DeviceKind, indexedName } from './device.ts';

function addProvider({ api }: Environment, options: Address, index: number): void {
  const provider = api.make('CreateCudaProviderOptions');
  try {
    api.call('UpdateCudaProviderOptions', provider, ['device_id'], [String(index)], 1);
    api.call('AppendCudaProvider', options, provider);
  } finally {
    api.free('ReleaseCudaProviderOptions', provider);
  }
}

export const cuda: DeviceKind = (index) => ({
  name: indexedName('cuda', index),
  target: 'cuda',
  index,
  stateIn: 'host',
  isOptional: true,
  precisions: { float16Products: true, moments: ['float32', 'bfloat16'], gradients: ['float32', 'float16'] },
  keepsMemory: true,
  session: {
    addProvider: (environment, options) => addProvider(environment, options, index),
    // the fused normalization leaves out the deviation, which the gradient reads
    config: { 'optimization.disable_specified_optimizers': 'SkipLayerNormFusion' },
  },
  probe: (computes) => computes(),
});
