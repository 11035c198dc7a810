// Temporary folder of a job while it runs.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isStorageFull } from '@styleforge/storage';
import type { Services } from './services.ts';

/** Runs work with a scratch folder. First removes files that an earlier attempt of the same job left when it was killed. */
export async function withScratch<Result>(
  { scratchDirectory: parent, room }: Services<'scratchDirectory' | 'room'>,
  id: string,
  attempt: number,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    if (name.startsWith(`${id}.`)) await rm(join(parent, name), { recursive: true, force: true });
  }
  const directory = join(parent, `${id}.${attempt}`);
  await mkdir(directory);
  try {
    return await use(directory);
  } catch (error) {
    if (isStorageFull(error)) await room.met(directory);
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
