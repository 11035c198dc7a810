// State with which a pretraining run continues exactly: weights, moments, moving average and step, saved as one folder.
import { type StateArrays, readState, writeState } from '@styleforge/styleforge';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface RunProgress {
  step: number;
  /** Number of optimizer updates. */
  optimizerStep: number;
  /** Mean loss of each logged interval of steps. */
  losses: { step: number; loss: number }[];
  seconds: number;
}

async function exists(path: string): Promise<boolean> {
  return readFile(join(path, 'progress.json')).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Writes the new state next to the old one and then swaps them, so that one of the two is always complete. */
export async function saveRun(directory: string, state: StateArrays, progress: RunProgress): Promise<void> {
  const partial = `${directory}.partial`;
  const old = `${directory}.old`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await writeState(partial, state);
  await writeFile(join(partial, 'progress.json'), `${JSON.stringify(progress)}\n`);
  await rm(old, { recursive: true, force: true });
  if (await exists(directory)) await rename(directory, old);
  await rename(partial, directory);
  await rm(old, { recursive: true, force: true });
}

/** Fills the arrays and returns the progress, or null if there is no saved state. */
export async function loadRun(directory: string, state: StateArrays): Promise<RunProgress | null> {
  if (!(await exists(directory)) && (await exists(`${directory}.old`))) await rename(`${directory}.old`, directory);
  if (!(await exists(directory))) return null;
  await readState(directory, state);
  return JSON.parse(await readFile(join(directory, 'progress.json'), 'utf8')) as RunProgress;
}
