// Options that several benchmarks of the engine have. Each adds the default of its device, and options of its own.
import { DEVICES, GRADIENT_KERNELS, MIXED_PRECISIONS } from '@styleforge/contracts';
import { GEOMETRIES } from './geometries.ts';

const text = { type: 'string' } as const;

export const RUN_OPTIONS = {
  geometry: { ...text, default: 'small', help: `size of the model: ${GEOMETRIES.join(', ')}` },
  steps: { ...text, default: '10', help: 'steps to run' },
  device: { ...text, help: `device: ${DEVICES.join(', ')}` },
} as const;

export const GRADIENT_OPTIONS = {
  precision: { ...text, default: 'no', help: `mixed precision: ${MIXED_PRECISIONS.join(', ')}` },
  plain: { type: 'boolean', default: false, help: 'do not record the step as a CUDA graph' },
  kernels: { ...text, default: 'none', help: `own CUDA kernels for gradients: ${GRADIENT_KERNELS.join(', ')}` },
} as const;

export const COMPARISON_OPTIONS = {
  threads: { ...text, help: 'processor threads' },
  compare: { ...text, help: 'library to measure in the same run: torch' },
  python: { ...text, help: 'a Python with torch, diffusers and peft' },
} as const;
