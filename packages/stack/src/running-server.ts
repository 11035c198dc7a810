// Stops a Postgres that an earlier process has left running in the same data directory.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '@styleforge/launch';

const ownerFile = 'owner.pid';

export class DirectoryInUseError extends Error {
  override name = 'DirectoryInUseError';
}

/** Makes sure that no server runs on `home/data`. Throws if the server there belongs to a live process. */
export async function clearLeftoverServer(home: string, isOurServer: (port: number) => Promise<boolean>): Promise<void> {
  const server = await readPostmaster(home);
  if (!server || !isAlive(server.pid)) return;
  const owner = await readPid(join(home, ownerFile));
  const ours = await isOurServer(server.port);
  if (ours && owner !== undefined && isAlive(owner)) {
    throw new DirectoryInUseError(
      `${home} is in use by process ${owner}: stop that process, choose another DATA_DIRECTORY, or set DATABASE_URL`,
    );
  }
  if (ours) {
    await endProcess(server.pid);
  } else if (!(await isGoneWithin(server.pid, 5_000))) {
    // The process id now belongs to another program (a restarted container), so the lock file is stale.
    await rm(join(home, 'data', 'postmaster.pid'), { force: true });
  }
}

export const recordOwner = (home: string) => writeFile(join(home, ownerFile), `${process.pid}\n`);
export const forgetOwner = (home: string) => rm(join(home, ownerFile), { force: true });

export async function readPostmaster(home: string): Promise<{ pid: number; port: number } | undefined> {
  const lines = (await readFile(join(home, 'data', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  return pid > 0 ? { pid, port: Number(lines[3]) } : undefined;
}

/** Ends Postgres: first SIGINT (fast shutdown), then SIGQUIT (immediate shutdown), each with a deadline. */
export async function endProcess(pid: number): Promise<void> {
  for (const [signal, deadline] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isAlive(pid)) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    if (await isGoneWithin(pid, deadline)) return;
  }
  throw new Error(`the Postgres process ${pid} does not end, not even on SIGKILL`);
}

async function isGoneWithin(pid: number, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (isAlive(pid)) {
    if (Date.now() > end) return false;
    await sleep(50);
  }
  return true;
}

async function readPid(file: string): Promise<number | undefined> {
  const pid = Number(await readFile(file, 'utf8').catch(() => Number.NaN));
  return pid > 0 ? pid : undefined;
}
