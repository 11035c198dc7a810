// Space on a worker's disks: what must be free before work begins, or is tried again.
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskRoom, withScratch } from '@styleforge/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-disk-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const MB = 1024 ** 2;

it('a disk that has less than the minimum is too full, and one that is not mounted is not', async () => {
  await expect(new DiskRoom({ directories: [directory], leastBytes: 1 }).check()).resolves.toBeUndefined();
  await expect(new DiskRoom({ directories: [directory], leastBytes: 2 ** 60 }).check()).rejects.toThrow(
    /MB are free in .*1099511627776 MB are needed/,
  );
  await expect(new DiskRoom({ directories: [join(directory, 'none')], leastBytes: 2 ** 60 }).check()).resolves.toBeUndefined();
});

it('work that found the disk full waits for more space than it had, for at most an hour', async () => {
  let [free, now] = [0, 10 * 3_600_000];
  const room = new DiskRoom({ directories: [directory], leastBytes: MB, freeBytes: async () => free, now: () => now });
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  let scratch = '';
  const work = withScratch({ scratchDirectory: directory, room }, 'job_1', 1, async (own) => {
    scratch = own;
    await writeFile(join(own, 'checkpoint'), Buffer.alloc(5 * MB));
    throw full;
  });
  await expect(work).rejects.toBe(full);
  await expect(access(scratch)).rejects.toThrow('ENOENT');
  // What the work itself has freed is not enough.
  free = 5.5 * MB;
  expect(await room.isShort()).toBe(true);
  now += 3_600_001;
  expect(await room.isShort()).toBe(false);
  await room.met(directory);
  await writeFile(join(directory, 'dataset'), Buffer.alloc(5 * MB));
  await room.met(directory);
  expect(await room.isShort()).toBe(true);
  free = 6 * MB;
  expect(await room.isShort()).toBe(false);
  // Once there was enough, nothing is remembered.
  free = MB;
  expect(await room.isShort()).toBe(false);
});

it('another failure requires no space', async () => {
  const room = new DiskRoom({ directories: [directory], leastBytes: 0, freeBytes: async () => 0 });
  await expect(withScratch({ scratchDirectory: directory, room }, 'job_2', 1, () => Promise.reject(new Error('other')))).rejects.toThrow(
    'other',
  );
  expect(await room.isShort()).toBe(false);
});
