// Checks that a device is present and computes correctly, and reports its properties.
import type { NamedDevice } from '@styleforge/contracts';
import { checkDevice, describeDevice } from '@styleforge/runtime';
import type { MessageFromChild } from '../processes/messages.ts';

export async function check(device: NamedDevice): Promise<MessageFromChild> {
  await checkDevice(device);
  const found = describeDevice(device);
  if (found === null) return { type: 'result' };
  const { name, memoryBytes, capability, cuda } = found;
  const details = `compute capability ${capability.toFixed(1)}, CUDA ${cudaText(cuda.runtime)}, driver for CUDA ${cudaText(cuda.driver)}`;
  return { type: 'result', device: { name, memoryBytes, details } };
}

/** Formats CUDA's version number: 12.4 for 12040. */
const cudaText = (version: number): string => `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
