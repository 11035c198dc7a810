// A job's own folder for as long as it runs.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isStorageFull } from '@styleforge/storage';
import type { Services } from './services.ts';

/** Runs work with a scratch folder, and removes what an earlier try of the same job, killed on this machine, has left. */
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
