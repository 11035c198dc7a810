// The devices that this worker's models run on: checked once at the start, so that no job fails because one is absent.
import { DEFAULT_DEVICE, DEVICE_NEEDS, deviceKindOf, type NamedDevice } from '@styleforge/contracts';
import { deviceFacts } from './machine/device-facts.ts';
import { runInChild } from './processes/job-process.ts';
import type { Logger } from './logger.ts';
import type { DeviceFacts, TrainingTask } from './processes/messages.ts';

class DeviceUnavailableError extends Error {
  override name = 'DeviceUnavailableError';
}

/** Probes each device in a child process, because a driver can take its process down. Throws DeviceUnavailableError. */
export async function openDevices(devices: readonly NamedDevice[], log: Logger): Promise<DeviceFacts> {
  const facts: DeviceFacts[] = [];
  for (const device of devices) facts.push(await openDevice(device, log));
  return together(facts);
}

async function openDevice(device: NamedDevice, log: Logger): Promise<DeviceFacts> {
  const needs = DEVICE_NEEDS[deviceKindOf(device)];
  if (needs === null) return deviceFacts(device);
  try {
    const result = await runInChild({ kind: 'check-device', device }, { signal: new AbortController().signal, log });
    const known = result === 'aborted' ? undefined : result.device;
    if (known) log.info({ device, ...known }, 'the device is available and computes correctly');
    return known ?? (await deviceFacts(device));
  } catch (error) {
    throw new DeviceUnavailableError(refusalOf(device, needs, error), { cause: error });
  }
}

/** Message of the error: the result of the check, then what a device of this kind needs. */
function refusalOf(device: NamedDevice, needs: string, error: unknown): string {
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return (
    `DEVICE: ${device} is not available on this machine: it needs ${needs}. What was found: ${reason}. ` +
    `Set it up, or set DEVICE=${DEFAULT_DEVICE} to run on the processor`
  );
}

/** Describes several devices in one line, with the memory of the smallest. */
export function together(facts: readonly DeviceFacts[]): DeviceFacts {
  const counts = new Map<string, number>();
  for (const { name } of facts) if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts].map(([name, count]) => (count > 1 ? `${count} x ${name}` : name));
  const sizes = facts.map(({ memoryBytes }) => memoryBytes).filter((bytes) => bytes !== null);
  return { name: names.join(', ') || null, memoryBytes: sizes.length > 0 ? Math.min(...sizes) : null };
}

export function compileOptions(device: NamedDevice, threads: number | undefined): TrainingTask['compile'] {
  return { device, ...(threads !== undefined && { threads }) };
}
