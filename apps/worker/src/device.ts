// The device that this worker's models run on: checked once at the start, so that no job has to find out that it is absent.
import type { WorkerConfig } from '@styleforge/config';
import { DEFAULT_DEVICE, DEVICE_NEEDS } from '@styleforge/contracts';
import { runInChild } from './processes/job-process.ts';
import type { Logger } from './logger.ts';
import type { TrainingTask } from './processes/messages.ts';

type Device = WorkerConfig['device'];

class DeviceUnavailableError extends Error {
  override name = 'DeviceUnavailableError';
}

/** Probes the device in a child process, because a driver can take its process down. Throws DeviceUnavailableError. */
export async function assertDevice(device: Device, log: Logger): Promise<void> {
  const needs = DEVICE_NEEDS[device];
  if (needs === null) return;
  try {
    await runInChild({ kind: 'check-device', device }, { signal: new AbortController().signal, log });
  } catch (error) {
    const message = `DEVICE: ${device} is not available on this machine: ${needs}. Set it up, or set DEVICE=${DEFAULT_DEVICE} to run on the processor`;
    throw new DeviceUnavailableError(message, { cause: error });
  }
}

export function compileOptions(device: Device, threads: number | undefined): TrainingTask['compile'] {
  return { device, ...(threads !== undefined && { threads }) };
}
