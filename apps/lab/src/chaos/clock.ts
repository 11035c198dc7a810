// Clock of the processes under test, which can be made to jump. Databases keep the machine's time, as if on another machine.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Clock {
  /** Environment that makes a Node process use this clock. */
  environment: Record<string, string>;
  /** Sets the offset of the clock from the machine's time, in seconds. */
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
