// Checks whether this worker's disks have space for more work, and remembers how much the work needed that filled a disk.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { freeBytesOf, NotReadyError } from '@styleforge/telemetry';

/** Free bytes of the file system that holds a folder. */
export type FreeBytes = (directory: string) => Promise<number>;

export interface DiskRoomOptions {
  /** Folders that this worker writes to. */
  directories: readonly string[];
  /** Bytes that must be free in each of them (MIN_FREE_DISK_MB). */
  leastBytes: number;
  freeBytes?: FreeBytes;
  now?: () => number;
}

/** Milliseconds after which work that needed much space is tried again with less than it had: it may need less now. */
const PATIENCE_MS = 3_600_000;

const MB = 1024 ** 2;

export class DiskRoom {
  readonly #options: Required<DiskRoomOptions>;
  /** Bytes that work held when the disk became full. They are free once it has ended, and were not enough. */
  #held = 0;
  #metAt = 0;

  constructor(options: DiskRoomOptions) {
    this.#options = { freeBytes: freeBytesOrUnlimited, now: Date.now, ...options };
  }

  /** Called when the disk became full during work that has written `directory`, before the folder is removed. */
  async met(directory: string): Promise<void> {
    this.#held = Math.max(this.#held, await bytesIn(directory));
    this.#metAt = this.#options.now();
  }

  /** @throws NotReadyError when a disk is too full to begin or repeat work. */
  async check(): Promise<void> {
    const { directories, leastBytes, now } = this.#options;
    if (now() - this.#metAt > PATIENCE_MS) this.#held = 0;
    const required = leastBytes + this.#held;
    for (const directory of directories) {
      const free = await this.#options.freeBytes(directory);
      if (free < required)
        throw new NotReadyError(`${Math.floor(free / MB)} MB are free in ${directory}, ${Math.ceil(required / MB)} MB are needed`);
    }
    this.#held = 0;
  }

  async isShort(): Promise<boolean> {
    return this.check().then(
      () => false,
      (error: unknown) => {
        if (error instanceof NotReadyError) return true;
        throw error;
      },
    );
  }
}

async function freeBytesOrUnlimited(directory: string): Promise<number> {
  try {
    return await freeBytesOf(directory);
  } catch (error) {
    // A volume that is not mounted is not full: the object store's own check reports it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** Bytes of the files below a folder; 0 if it does not exist. Files that disappear meanwhile do not count. */
async function bytesIn(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) =>
    stat(join(parentPath, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
