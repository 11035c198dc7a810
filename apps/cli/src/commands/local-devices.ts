// What this machine can compute on, where a worker's runtime is installed: for operators who run `doctor` beside a worker.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DEFAULT_DEVICE, DEVICE_NEEDS, DEVICES } from '@styleforge/contracts';
import type { DeviceName } from '@styleforge/contracts';
import { forkTypeScript } from '@styleforge/launch';
import type { Check } from './doctor-check.ts';

type Answer = { ok: boolean; reason?: string };

const PATIENCE_MS = 60_000;

/** `wanted`: what DEVICE says here; that it is absent is then a failure. */
export async function localDeviceChecks(wanted: string | undefined): Promise<Check[]> {
  const entry = findDeviceCheck();
  if (entry === undefined) return [{ name: 'this machine', status: 'skipped', detail: 'no worker is installed here' }];
  const checks: Check[] = [];
  for (const device of DEVICES) checks.push(toCheck(device, await ask(entry, device), wanted ?? DEFAULT_DEVICE));
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

async function ask(entry: string, device: DeviceName): Promise<Answer> {
  const child = forkTypeScript(entry, [device], { stdio: 'ignore', timeout: PATIENCE_MS, killSignal: 'SIGKILL' });
  let answer: Answer | undefined;
  child.on('message', (message) => (answer = message as Answer));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return answer ?? { ok: false, reason: `the check ended with ${signal ?? code} and without a result` };
}

function toCheck(device: DeviceName, { ok, reason }: Answer, wanted: string): Check {
  const name = `${device} here`;
  if (ok) return { name, status: 'ok', detail: 'computes on this machine' };
  const needs = DEVICE_NEEDS[device];
  const instead = device === wanted ? ` Or set DEVICE=${DEFAULT_DEVICE}.` : '';
  const remedy = needs === null ? 'Install it again: npm ci.' : `To use it: ${needs}.${instead}`;
  return { name, status: device === wanted ? 'failed' : 'skipped', detail: `not on this machine: ${gist(reason)}`, remedy };
}

/** Without the place in onnxruntime's sources. */
function gist(reason = ''): string {
  const [line = ''] = reason.split('\n');
  return line.replace(/^.*(?:was false\. |Error: )/, '');
}
