// What the worker's device is called and how much memory it has, where the machine tells.
import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { WorkerConfig } from '@styleforge/config';

export interface DeviceFacts {
  name: string | null;
  memoryBytes: number | null;
}

const run = promisify(execFile);
const patienceMs = 5_000;
const unknown: DeviceFacts = { name: null, memoryBytes: null };

const FACTS: Record<WorkerConfig['device'], () => Promise<DeviceFacts>> = {
  cpu: async () => ({ name: cpus()[0]?.model.trim() ?? null, memoryBytes: totalmem() }),
  cuda: nvidiaFacts,
  // WebGPU does not tell memory; where NVIDIA's driver is there, it is the same card.
  webgpu: nvidiaFacts,
};

export const deviceFacts = (device: WorkerConfig['device']): Promise<DeviceFacts> => FACTS[device]();

/** Facts about the first card, which is the one that the runtime takes. Unknown without NVIDIA's tool. */
async function nvidiaFacts(): Promise<DeviceFacts> {
  const query = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits', '-i', '0'];
  const output = await run('nvidia-smi', query, { timeout: patienceMs }).catch(() => undefined);
  return output === undefined ? unknown : parseNvidiaFacts(output.stdout);
}

/** A line such as `NVIDIA L4, 23034`, in MiB. */
export function parseNvidiaFacts(text: string): DeviceFacts {
  const [, name, mebibytes] = /^(.+), (\d+)$/m.exec(text) ?? [];
  return name === undefined ? unknown : { name: name.trim(), memoryBytes: Number(mebibytes) * 2 ** 20 };
}
