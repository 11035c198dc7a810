// A job's own folder for as long as it runs.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Runs work with a scratch folder, and removes what an earlier try of the same job, killed on this machine, has left. */
export async function withScratch<Result>(
  parent: string,
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
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
