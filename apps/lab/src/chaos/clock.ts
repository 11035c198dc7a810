// The clock of the processes under test, which jumps when it is told to. Databases keep the machine's own time, as on a machine of their own.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Clock {
  /** What makes a process of Node live by this clock. */
  environment: Record<string, string>;
  /** Sets the clock this many seconds off the machine's own time. */
  shiftBy(seconds: number): Promise<void>;
}

export async function createClock(directory: string, seconds = 0): Promise<Clock> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'seconds');
  await writeFile(file, String(seconds));
  const program = new URL('shifted-clock.mjs', import.meta.url);
  program.searchParams.set('file', pathToFileURL(file).pathname);
  return {
    environment: { NODE_OPTIONS: `--import=${program.href}` },
    shiftBy: (shift) => writeFile(file, String(shift)),
  };
}
