// Moving averages of weights.
import { kernelsOf } from '../kernels/kernel-memory.ts';
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';

/**
 * average -= share * (average - values) in float32, for buffers in the same memory. With share = 1 - decay, this is an exponential moving
 * average.
 */
export function moveTowards(average: ParameterBuffers, values: ParameterBuffers, share: number): void {
  for (const [name, target] of values.entries()) {
    const current = average.get(name);
    kernelsOf(current, target).moveTowards(current.byteOffset, target.byteOffset, target.length, share);
  }
}
