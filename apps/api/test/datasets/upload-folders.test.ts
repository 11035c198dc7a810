// Folders that an upload leaves when its process is killed: removed by the next process that knows that nobody uses them.
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { clearUploadFolders, withUploadFolder } from '../../src/services/files/upload-folders.ts';

it('folders of dead processes are deleted, and those of living ones and of other machines are kept', async () => {
  const root = await mkdtemp(join(tmpdir(), 'styleforge-folders-'));
  const [own = ''] = await withUploadFolder(root, async () => readdir(root));
  const [, , host] = own.split('-');
  const folderOf = async (machine: string | undefined, pid: number, ageHours: number) => {
    const name = `styleforge-upload-${machine}-${pid}-x${ageHours}`;
    await mkdir(join(root, name));
    const time = new Date(Date.now() - ageHours * 3_600_000);
    await utimes(join(root, name), time, time);
    return name;
  };
  const elsewhere = '0123456789ab';
  await folderOf(host, 2 ** 22 + 1, 0);
  await folderOf(elsewhere, 7, 25);
  const kept = [await folderOf(host, process.ppid, 30), await folderOf(elsewhere, 7, 1)];
  await mkdir(join(root, 'somebody-elses'));
  expect(await clearUploadFolders(root)).toBe(2);
  expect((await readdir(root)).sort()).toEqual([...kept, 'somebody-elses'].sort());
  await rm(root, { recursive: true });
});
