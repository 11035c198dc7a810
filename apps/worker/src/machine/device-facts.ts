// What the worker's device is called and how much memory it has, where the machine tells.
import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { type DeviceName, type NamedDevice, parseDevice } from '@styleforge/contracts';
import type { DeviceFacts } from '../processes/messages.ts';

const run = promisify(execFile);
const patienceMs = 5_000;
const unknown: DeviceFacts = { name: null, memoryBytes: null };

const FACTS: Record<DeviceName, (index: number) => Promise<DeviceFacts>> = {
  cpu: async () => ({ name: cpus()[0]?.model.trim() ?? null, memoryBytes: totalmem() }),
  // CUDA tells itself, by numbers of its own that CUDA_VISIBLE_DEVICES changes; this is for a probe that told nothing.
  cuda: nvidiaFacts,
  // WebGPU does not tell memory; where NVIDIA's driver is there, it is the same card.
  webgpu: nvidiaFacts,
};

/** What the system tells of a device that does not tell itself. */
export async function deviceFacts(device: NamedDevice): Promise<DeviceFacts> {
  const found = parseDevice(device);
  return found ? FACTS[found.kind](found.index) : unknown;
}

/** Facts about one card. Unknown without NVIDIA's tool. */
async function nvidiaFacts(index: number): Promise<DeviceFacts> {
  const query = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits', '-i', String(index)];
  const output = await run('nvidia-smi', query, { timeout: patienceMs }).catch(() => undefined);
  return output === undefined ? unknown : parseNvidiaFacts(output.stdout);
}

/** A line such as `NVIDIA L4, 23034`, in MiB. */
export function parseNvidiaFacts(text: string): DeviceFacts {
  const [, name, mebibytes] = /^(.+), (\d+)$/m.exec(text) ?? [];
  return name === undefined ? unknown : { name: name.trim(), memoryBytes: Number(mebibytes) * 2 ** 20 };
}
