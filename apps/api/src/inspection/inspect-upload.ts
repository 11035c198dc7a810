// Inspects an uploaded adapter in a separate process, within limits of memory and time.
import type { ChildProcess } from 'node:child_process';
import { forkTypeScript } from '@styleforge/launch';
import { INSPECTION_LIMITS, type InspectionResult, type InspectionTask, OVER_MEMORY_EXIT } from './messages.ts';

export async function inspectUpload(task: InspectionTask): Promise<InspectionResult> {
  const child = forkTypeScript(new URL('inspect-main.ts', import.meta.url), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  let isTooLong = false;
  const limit = setTimeout(() => {
    isTooLong = true;
    child.kill('SIGKILL');
  }, INSPECTION_LIMITS.wallSeconds * 1000);
  try {
    return await converse(child, task, () => isTooLong);
  } finally {
    clearTimeout(limit);
    child.kill('SIGKILL');
  }
}

function converse(child: ChildProcess, task: InspectionTask, isTooLong: () => boolean): Promise<InspectionResult> {
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as InspectionResult));
    child.on('error', reject);
    child.once('exit', (code, signal) => resolve({ status: 'refused', detail: detailOfDeath(code, signal, isTooLong()) }));
    child.send(task, (error) => error && reject(error));
  });
}

function detailOfDeath(code: number | null, signal: string | null, isTooLong: boolean): string {
  if (isTooLong) return `takes more than ${INSPECTION_LIMITS.wallSeconds} seconds to read: save it as safetensors`;
  if (code === OVER_MEMORY_EXIT)
    return `takes more than ${INSPECTION_LIMITS.residentMegabytes} MB of memory to read: save it as safetensors`;
  return `ended its reader (${signal ?? `exit code ${code}`}): save it again, as safetensors`;
}
