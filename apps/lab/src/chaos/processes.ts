// Finds, kills and pauses the processes of a stack under test.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** All descendants of this process (Linux). */
export async function childrenOf(pid: number): Promise<number[]> {
  const direct: number[] = [];
  for (const task of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const text = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '');
    direct.push(...text.split(' ').filter(Boolean).map(Number));
  }
  return [...direct, ...(await Promise.all(direct.map(childrenOf))).flat()];
}

/** Sends the signal; false if the process has already ended, or has not started yet. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  // The id 0 would mean this process and its whole group.
  if (pid <= 0) return false;
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Pauses a process and its descendants, like a hanging machine, and later lets them continue. */
export async function pause(pid: number, milliseconds: number): Promise<boolean> {
  const all = [pid, ...(await childrenOf(pid))];
  const stopped = all.filter((one) => signal(one, 'SIGSTOP'));
  await sleep(milliseconds);
  for (const one of stopped) signal(one, 'SIGCONT');
  return stopped.includes(pid);
}
