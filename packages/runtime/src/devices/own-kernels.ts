// Which operations of a training's graph are computed by kernels of our own.
import { type ComputedKind } from '@styleforge/autodiff';
import { CudaError, type CudaRuntime } from '../native/cuda-runtime.ts';
import { type CompileOptions } from '../programs/session.ts';
import { type Device } from './device.ts';

const ACTIVATIONS: readonly ComputedKind[] = ['siluGradient', 'geluGradient', 'standardizeGradient'];

/** The oldest compute capability with TensorFloat-32, which attention's kernels use: 8.0 (Ampere), as one number. */
const ATTENTION_CAPABILITY = 80;
/** cudaErrorNoKernelImageForDevice. */
const NO_CODE = 209;

/** Throws CudaError if a card is too old for the kernels. */
export function expectCapable({ name, capability }: Pick<CudaRuntime, 'name' | 'capability'>, kernels: readonly ComputedKind[]): void {
  if (!kernels.includes('attentionGradient') || capability >= ATTENTION_CAPABILITY) return;
  const text = `attention's kernels need compute capability ${spoken(ATTENTION_CAPABILITY)}, and ${name} has ${spoken(capability)}`;
  throw new CudaError('cuModuleLoadData', NO_CODE, `${text}: set CUDA_GRADIENT_KERNELS to activations`);
}

const spoken = (capability: number): string => (capability / 10).toFixed(1);

/**
 * The operations that kernels of our own compute. Attention's kernel rounds its operands, so only trainings that allow TensorFloat-32 use
 * it.
 */
export function ownKernelsOf(
  { stateIn }: Pick<Device, 'stateIn'>,
  { gradientKernels = 'none', tf32 = true, mixedPrecision = false }: CompileOptions,
): readonly ComputedKind[] {
  if (stateIn !== 'blocks' || gradientKernels === 'none') return [];
  return gradientKernels === 'all' && (tf32 || mixedPrecision) ? [...ACTIVATIONS, 'attentionGradient'] : ACTIVATIONS;
}
