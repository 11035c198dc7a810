// Creates folders for the files of running requests, and removes those that a killed process left.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive } from '@styleforge/launch';

const PREFIX = 'styleforge-upload-';
const DAY_MS = 86_400_000;
/** Several machines may share the directory; each removes only its own folders. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);

/** Runs `work` with an empty folder, which is deleted afterwards. `root`: the system's folder for temporary files by default. */
export async function withUploadFolder<Result>(root: string | undefined, work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(path.join(root ?? tmpdir(), `${PREFIX}${HOST}-${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Called once before this process creates a folder, so that one with its id is from an earlier process. Returns the number of removed
 * folders.
 */
export async function clearUploadFolders(root: string): Promise<number> {
  let count = 0;
  for (const name of await readdir(root)) {
    const folder = path.join(root, name);
    if (!(await isLeft(name, folder))) continue;
    await rm(folder, { recursive: true, force: true });
    count += 1;
  }
  return count;
}

async function isLeft(name: string, folder: string): Promise<boolean> {
  const [, host, pid] = new RegExp(`^${PREFIX}([0-9a-f]{12})-(\\d+)-`).exec(name) ?? [];
  if (host === HOST) return Number(pid) === process.pid || !isAlive(Number(pid));
  // A replaced container had another host name; its folders are removed after a day, because no request takes that long.
  const found = host === undefined ? undefined : await stat(folder).catch(passWhatIsGone);
  return found !== undefined && Date.now() - found.mtimeMs > DAY_MS;
}

function passWhatIsGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
