// Files of torch.save in both layouts, and pickles that would run code.
import { access, copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipFile } from '@styleforge/testing';
import { openTensors, UnsafePickleError } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../../test/golden/torch-files/', import.meta.url));
const base = Array.from({ length: 24 }, (_, i) => i / 8);

it('a list with more items than a call accepts arguments is read, and then refused as a list', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'styleforge-pickle-')), 'long.pth');
  await writeFile(file, `](${'N'.repeat(300_000)}e.`);
  await expect(openTensors(file)).rejects.toThrow(/was not written by torch\.save/);
  await rm(join(file, '..'), { recursive: true });
});

describe.each(['zip.pth', 'plain.pth', 'nested.pth'])('a %s of torch.save', (file) => {
  it('returns every tensor, whatever its dtype, strides and offset', async () => {
    const reader = await openTensors(join(folder, file));
    const read = async (name: string) => [...(await reader.read(name))];
    expect(reader.names()).toContain('1.running_var');
    expect(reader.info('0.weight')).toEqual({ dtype: 'F32', shape: [3, 2] });
    expect(await read('0.weight')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await read('0.bias')).toEqual([10, 11, 12]);
    expect(await read('1.running_var')).toEqual([1, 1, 1]);
    expect(reader.info('transposed').shape).toEqual([6, 4]);
    expect(await read('transposed')).toEqual(base.map((_, i) => base[(i % 4) * 6 + Math.floor(i / 4)]));
    expect(await read('slice')).toEqual([8, 9, 10, 14, 15, 16].map((i) => base[i]));
    for (const name of ['half', 'bfloat16', 'double']) expect(await read(name)).toEqual(base);
    expect(await read('long')).toEqual([1, -2, 2 ** 40]);
    expect(await read('parameter')).toEqual(base.slice(0, 6));
    expect([reader.info('scalar').shape, await read('scalar')]).toEqual([[], [2.5]]);
    await expect(reader.read('absent')).rejects.toThrow(/contains no tensor absent/);
    await expect(reader.readInto('half', new Float32Array(3))).rejects.toThrow(/24 elements, the target 3/);
    await reader.close();
  });
});

describe('a pickle with more than a dictionary of tensors', () => {
  it.each([
    ['evil.pth', /refers to posix\.system/],
    ['evil-stack-global.pth', /refers to posix\.system/],
    ['object.pth', /refers to __main__\.Caller/],
    ['instruction.pth', /refers to os\.system/],
  ])('%s is refused, and nothing is run', async (file, message) => {
    await expect(openTensors(join(folder, file))).rejects.toThrow(message);
    await expect(openTensors(join(folder, file))).rejects.toThrow(UnsafePickleError);
    await expect(access('pickle-was-run')).rejects.toThrow(/ENOENT/);
  });

  it('is refused if it is truncated at any place', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'styleforge-torch-'));
    for (const file of ['zip.pth', 'plain.pth']) {
      const bytes = await readFile(join(folder, file));
      for (const length of [0, 3, 40, 200, bytes.length - 9]) {
        const cut = join(scratch, 'cut.pth');
        await writeFile(cut, bytes.subarray(0, length));
        await expect(openTensors(cut), `${file} ${length}`).rejects.toThrow(/cut\.pth: /);
      }
    }
    await rm(scratch, { recursive: true });
  });
});

describe('a file that is larger than its tensors need', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'styleforge-torch-much-'));
  });
  afterAll(() => rm(scratch, { recursive: true }));

  it('is not unpacked if its description would be large', async () => {
    const file = join(scratch, 'bomb.pth');
    await writeFile(file, zipFile([{ name: 'archive/data.pkl', bytes: Buffer.alloc(65 * 1024 * 1024) }]));
    await expect(openTensors(file)).rejects.toThrow(/the archive's data\.pkl has 68157440 bytes; at most 67108864 are read/);
  });

  it('is not read where a storage is larger than its tensors', async () => {
    const file = join(scratch, 'storage.pth');
    const pickle = Buffer.concat([
      Buffer.from('\x80\x02}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n', 'latin1'),
      Buffer.from('X\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\0K\x01\x85K\x01\x85\x89)tRs.', 'latin1'),
    ]);
    const storage = (bytes: number) =>
      writeFile(
        file,
        zipFile([
          { name: 'archive/data.pkl', bytes: pickle },
          { name: 'archive/data/0', bytes: Buffer.alloc(bytes) },
        ]),
      );
    await storage(4);
    expect([...(await (await openTensors(file)).read('a'))]).toEqual([0]);
    await storage(400_000_000);
    await expect((await openTensors(file)).read('a')).rejects.toThrow(/data\/0 has 400000000 bytes; at most 4 are read/);
  });

  it('is refused by the total of its items, even if they come in pieces', async () => {
    const file = join(scratch, 'items.pth');
    await writeFile(file, `]${`(${'N'.repeat(1_000_000)}e`.repeat(11)}.`);
    await expect(openTensors(file)).rejects.toThrow(/the pickle contains too many items/);
  });

  it('without an archive is read only for the requested tensors', async () => {
    const file = join(scratch, 'long.pth');
    await copyFile(join(folder, 'plain.pth'), file);
    // More than one read of a whole file takes.
    await truncate(file, 5 * 1024 ** 3);
    const reader = await openTensors(file);
    expect([...(await reader.read('half'))]).toEqual(base);
    await reader.close();
  });
});
