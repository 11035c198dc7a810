import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { filesBelow, fingerprintOf } from '../src/index.ts';

let directory: string;
const inside = (...path: string[]): string => join(directory, ...path);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-files-'));
  await mkdir(inside('blobs'));
  await writeFile(inside('blobs', 'weights'), 'one');
  await mkdir(inside('shared', 'vae'), { recursive: true });
  await symlink(inside('blobs', 'weights'), inside('shared', 'vae', 'model.safetensors'));
  await mkdir(inside('model'));
  await writeFile(inside('model', 'model_index.json'), '{}');
  await symlink(inside('shared', 'vae'), inside('model', 'vae'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('follows links to files and to folders', async () => {
  expect(await filesBelow(inside('model'))).toEqual(['model_index.json', 'vae/model.safetensors']);
});

it('gives another fingerprint when a linked file has changed', async () => {
  const before = await fingerprintOf(inside('model'));
  expect(await fingerprintOf(inside('model'))).toBe(before);
  await writeFile(inside('blobs', 'weights'), 'two');
  expect(await fingerprintOf(inside('model'))).not.toBe(before);
});

it('refuses a link to a folder that contains it', async () => {
  await symlink(inside('model'), inside('shared', 'vae', 'again'));
  await expect(filesBelow(inside('model'))).rejects.toThrow(/which contains it: remove the link/);
});

it('names a link that leads nowhere', async () => {
  await rm(inside('blobs', 'weights'));
  await expect(filesBelow(inside('model'))).rejects.toThrow(/vae\/model\.safetensors/);
});
