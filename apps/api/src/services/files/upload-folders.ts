// Folders for the files of a request that is under way, and their removal after a process was killed with some of them left.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive } from '@styleforge/launch';

const PREFIX = 'styleforge-upload-';
/** Several machines may share the directory: each clears only what is its own. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);

/** Runs `work` with an empty folder that is gone afterwards. `root`: the system's folder for temporary files when left out. */
export async function withUploadFolder<Result>(root: string | undefined, work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(path.join(root ?? tmpdir(), `${PREFIX}${HOST}-${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Called once, before this process makes a folder: one under its own id is then from a process that had the same id. Returns how many it removed. */
export async function clearUploadFolders(root: string): Promise<number> {
  const left = (await readdir(root)).filter((name) => {
    const [, host, pid] = new RegExp(`^${PREFIX}([0-9a-f]{12})-(\\d+)-`).exec(name) ?? [];
    return host === HOST && (Number(pid) === process.pid || !isAlive(Number(pid)));
  });
  for (const name of left) await rm(path.join(root, name), { recursive: true, force: true });
  return left.length;
}
