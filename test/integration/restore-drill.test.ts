// The restore drill: back up a running installation, destroy it, restore it, and find jobs, images and checkpoints again.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { typeScript } from '@styleforge/launch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from './service.ts';

const patience = 300_000;
const entry = fileURLToPath(new URL('../../apps/lab/src/backup/main.ts', import.meta.url));

let test: TestService;
beforeAll(async () => {
  test = await TestService.create();
}, patience);
afterAll(() => test.remove());

async function backup(...args: string[]): Promise<string> {
  const env = { PATH: globalThis.process.env['PATH'], DATA_DIRECTORY: join(test.directory, 'data'), LOG_LEVEL: 'warn' };
  return (await promisify(execFile)(process.execPath, [...typeScript(entry), ...args], { env })).stdout;
}

const digestOf = async (path: string) =>
  createHash('sha256')
    .update(new Uint8Array(await (await test.request('GET', path)).arrayBuffer()))
    .digest('hex');

describe('the backup of a running installation', () => {
  it(
    'restores every job, image and checkpoint, and leaves unfinished work to the rescuer',
    async () => {
      const folder = join(test.directory, 'backups');
      const styleRef = await test.createDataset('style_ref', [0, 40, 80]);
      const aux = await test.createDataset('aux', [120, 160, 200, 240]);
      const done = await test.createJob(styleRef, aux, { max_train_steps: 4, checkpointing_steps: 2 });
      await test.untilFinished(done);
      const generation = await test.generate(done);
      const unfinished = await test.createJob(styleRef, aux, { max_train_steps: 3_000, checkpointing_steps: 4 });
      await test.until(unfinished, ({ progress }) => progress.step > 4);
      const [checkpoint] = (await test.checkpoints(done)).slice(-1);
      const weights = checkpoint?.files.find(({ path }) => path.startsWith('unet/') && path.endsWith('.safetensors'));
      const imageUrl = generation.images[0]?.url ?? '';
      const imageDigest = await digestOf(imageUrl);

      expect(await backup('create', folder)).toContain('wrote');
      // A second one takes the large files of the first by link, and the older is deleted when asked for.
      expect(await backup('create', folder, '--keep', '1')).toMatch(/wrote .*\ndeleted /);
      const [name = ''] = await readdir(folder);
      expect(await backup('verify', join(folder, name))).toContain('complete');

      await test.stop();
      await rm(join(test.directory, 'data'), { recursive: true });
      expect(await backup('restore', join(folder, name))).toContain('restored');
      await test.start();

      expect(await test.job(done)).toMatchObject({ status: 'succeeded', result: { final_step: 4 } });
      expect((await test.checkpoints(done)).at(-1)?.files).toEqual(checkpoint?.files);
      expect(await digestOf(weights?.url ?? '')).toBe(weights?.sha256);
      expect(await digestOf(imageUrl)).toBe(imageDigest);
      expect(await test.job(unfinished)).toMatchObject({ error: null });

      await expect(backup('restore', join(folder, name))).rejects.toThrow(/already has projects/);
      await writeFile(join(folder, name, 'tables', 'projects.copy'), 'damaged');
      await expect(backup('verify', join(folder, name))).rejects.toThrow(/projects\.copy is damaged/);
    },
    patience,
  );
});
