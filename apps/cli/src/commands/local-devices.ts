// What this machine can compute on, where a worker's runtime is installed: for operators who run `doctor` beside a worker.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DEFAULT_DEVICE, DEVICE_NEEDS, deviceKindOf, DEVICES } from '@styleforge/contracts';
import type { NamedDevice } from '@styleforge/contracts';
import { forkTypeScript } from '@styleforge/launch';
import { formatBytes } from '../terminal/output.ts';
import type { Check } from './doctor-check.ts';

type Description = { name: string; memoryBytes: number; freeBytes: number; capability: number; cuda: { driver: number; runtime: number } };
type Answer = { ok: boolean; reason?: string; description?: Description | null };

const PATIENCE_MS = 60_000;

/** `wanted`: what DEVICE says here, `cuda:0,cuda:1`; that one of them is absent is then a failure. */
export async function localDeviceChecks(wanted: string | undefined): Promise<Check[]> {
  const entry = findDeviceCheck();
  if (entry === undefined) return [{ name: 'this machine', status: 'skipped', detail: 'no worker is installed here' }];
  const checks: Check[] = [];
  const named = (wanted ?? DEFAULT_DEVICE).split(',').map((name) => name.trim()) as NamedDevice[];
  const others = DEVICES.filter((kind) => !named.some((name) => deviceKindOf(name) === kind));
  for (const device of [...named, ...others]) checks.push(toCheck(device, await ask(entry, device), named.includes(device)));
  return checks;
}

/** The runtime is no dependency of the command line: it is there when a worker is. */
function findDeviceCheck(): string | undefined {
  try {
    return fileURLToPath(import.meta.resolve('@styleforge/runtime/device-check'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function ask(entry: string, device: NamedDevice): Promise<Answer> {
  const child = forkTypeScript(entry, [device], { stdio: 'ignore', timeout: PATIENCE_MS, killSignal: 'SIGKILL' });
  let answer: Answer | undefined;
  child.on('message', (message) => (answer = message as Answer));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return answer ?? { ok: false, reason: `the check ended with ${signal ?? code} and without a result` };
}

function toCheck(device: NamedDevice, { ok, reason, description }: Answer, isWanted: boolean): Check {
  const name = `${device} here`;
  if (ok) return { name, status: 'ok', detail: `computes on this machine${description ? `: ${described(description)}` : ''}` };
  const needs = DEVICE_NEEDS[deviceKindOf(device)];
  const instead = isWanted ? ` Or set DEVICE=${DEFAULT_DEVICE}.` : '';
  const remedy = needs === null ? 'Install it again: npm ci.' : `To use it: ${needs}.${instead}`;
  return { name, status: isWanted ? 'failed' : 'skipped', detail: `not on this machine: ${gist(reason)}`, remedy };
}

function described({ name, memoryBytes, freeBytes, capability, cuda }: Description): string {
  const version = (number: number) => `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
  const memory = `${formatBytes(freeBytes)} of ${formatBytes(memoryBytes)} free`;
  return `${name}, ${memory}, compute capability ${capability.toFixed(1)}, CUDA ${version(cuda.runtime)}, driver for CUDA ${version(cuda.driver)}`;
}

/** Without the place in onnxruntime's sources. */
function gist(reason = ''): string {
  const [line = ''] = reason.split('\n');
  return line.replace(/^.*(?:was false\. |Error: )/, '');
}
