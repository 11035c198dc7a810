// A small disk that tests can fill: a tmpfs, which only root may mount.
import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZE_MB = 384;
const PIECE = Buffer.alloc(1 << 20);

export interface SmallDisk {
  directory: string;
  /** Fills the remaining space. */
  fill(): Promise<void>;
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** Reason why no small disk can be mounted here, or undefined. */
export const smallDiskMissing =
  process.platform !== 'linux' || process.getuid?.() !== 0 ? 'only root on Linux may mount a small disk' : undefined;

export async function mountSmallDisk(directory: string): Promise<SmallDisk> {
  await mkdir(directory, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', directory]);
  const filler = join(directory, 'filler');
  return {
    directory,
    async fill() {
      const file = await open(filler, 'w');
      try {
        for (;;) await file.write(PIECE);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        await file.close();
      }
    },
    free: () => rm(filler, { force: true }),
    async remove() {
      await run('umount', ['-l', directory]);
    },
  };
}
