// Name and memory of the worker's device, if the machine reports them.
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
  // CUDA reports these itself, with indexes that depend on CUDA_VISIBLE_DEVICES; this is the fallback.
  cuda: nvidiaFacts,
  // WebGPU does not report memory; if NVIDIA's driver is installed, its card is the same one.
  webgpu: nvidiaFacts,
};

/** Facts from the operating system about a device that does not report its own. */
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
