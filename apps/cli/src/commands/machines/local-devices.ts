// Checks the devices of this machine if a worker's runtime is installed on it, for operators who run `doctor` on a worker's machine.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DEFAULT_DEVICE, DEVICE_NEEDS, deviceKindOf, DEVICES } from '@styleforge/contracts';
import type { NamedDevice } from '@styleforge/contracts';
import { forkTypeScript } from '@styleforge/launch';
import { formatBytes } from '../../terminal/output.ts';
import type { Check } from './doctor-check.ts';

/** The result that the device check of packages/runtime prints. */
interface Part {
  name: string;
  isFound: boolean;
  detail: string;
  remedy: string;
}
type Description = { name: string; memoryBytes: number; freeBytes: number; capability: number; cuda: { driver: number; runtime: number } };
type Outcome = { ok: boolean; reason?: string; description?: Description | null };

const PATIENCE_MS = 60_000;

/** Settings of a worker on this machine. `device` is its DEVICE, such as `cuda:0,cuda:1`: the check fails if one of these is absent. */
export interface LocalSettings {
  device: string | undefined;
  driverFiles: string | undefined;
}

export async function localDeviceChecks({ device: wanted = DEFAULT_DEVICE, driverFiles }: LocalSettings): Promise<Check[]> {
  const entry = findDeviceCheck();
  if (entry === undefined) return [{ name: 'this machine', status: 'skipped', detail: 'no worker is installed here' }];
  const checks: Check[] = [];
  const named = wanted.split(',').map((name) => name.trim()) as NamedDevice[];
  const others = DEVICES.filter((kind) => !named.some((name) => deviceKindOf(name) === kind));
  const listed = new Set<string>();
  for (const device of [...named, ...others]) {
    const { parts, outcome } = await examine(entry, device, JSON.stringify({ driverFiles }));
    const isWanted = named.includes(device);
    checks.push(toCheck(device, outcome, isWanted));
    // Several devices of a kind need the same parts.
    if (!listed.has(deviceKindOf(device))) checks.push(...parts.map((part) => partCheck(part, isWanted && !outcome.ok)));
    listed.add(deviceKindOf(device));
  }
  return checks;
}

/** Path of the runtime's device check. The CLI does not depend on the runtime, which is installed only with a worker. */
function findDeviceCheck(): string | undefined {
  try {
    return fileURLToPath(import.meta.resolve('@styleforge/runtime/device-check'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function examine(entry: string, device: NamedDevice, hints: string): Promise<{ parts: Part[]; outcome: Outcome }> {
  const child = forkTypeScript(entry, [device, hints], { stdio: 'ignore', timeout: PATIENCE_MS, killSignal: 'SIGKILL' });
  let parts: Part[] = [];
  let outcome: Outcome | undefined;
  child.on('message', (message: { parts: Part[] } | Outcome) => {
    if ('parts' in message) parts = message.parts;
    else outcome = message;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { parts, outcome: outcome ?? { ok: false, reason: `the check ended with ${signal ?? code} and printed no result` } };
}

function toCheck(device: NamedDevice, { ok, reason, description }: Outcome, isWanted: boolean): Check {
  const name = `${device} here`;
  if (ok) return { name, status: 'ok', detail: `computes on this machine${description ? `: ${described(description)}` : ''}` };
  const needs = DEVICE_NEEDS[deviceKindOf(device)];
  const instead = isWanted ? ` Or set DEVICE=${DEFAULT_DEVICE}.` : '';
  const remedy = needs === null ? 'Reinstall it: npm ci.' : `The machine needs ${needs}.${instead}`;
  return { name, status: isWanted ? 'failed' : 'skipped', detail: `not available on this machine: ${gist(reason)}`, remedy };
}

function described({ name, memoryBytes, freeBytes, capability, cuda }: Description): string {
  const version = (number: number) => `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
  const memory = `${formatBytes(freeBytes)} of ${formatBytes(memoryBytes)} free`;
  return (
    `${name}, ${memory}, compute capability ${capability.toFixed(1)}, CUDA ${version(cuda.runtime)}, driver for ` +
    `CUDA ${version(cuda.driver)}`
  );
}

/** A missing part is a failure only if a device in the worker's DEVICE needs it and does not compute. */
function partCheck({ name, isFound, detail, remedy }: Part, isNeeded: boolean): Check {
  const status = isFound ? 'ok' : isNeeded ? 'failed' : 'skipped';
  return { name, status, detail: gist(detail), ...(remedy !== '' && { remedy }) };
}

/** The reason without the source position that onnxruntime adds. */
function gist(reason = ''): string {
  const [line = ''] = reason.split('\n');
  return line.replace(/^.*(?:was false\. |Error: )/, '');
}
