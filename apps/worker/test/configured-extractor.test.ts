// The settings of the extractors' weights, up to an extractor that works.
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@styleforge/config';
import { createObjectStore, installationKey, StoreIdentityError } from '@styleforge/storage';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openConfiguredExtractor } from '../src/child/configured-extractor.ts';

const golden = fileURLToPath(new URL('../../../test/golden/', import.meta.url));
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-configured-'));
  for (const part of ['clip-preprocessing', 'tiny-clip']) await cp(join(golden, part), join(scratch, 'mini-clip'), { recursive: true });
  const store = await createObjectStore(loadConfig({ DATA_DIRECTORY: scratch }).objectStore);
  await store.put(installationKey, Buffer.from('{"installation":"inst_1"}'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function weightsOf(name: 'clip' | 'mini-clip' | 'inception-v3-fid', settings: Record<string, string>): Promise<string> {
  const extractor = await openConfiguredExtractor({
    name,
    extractorsDirectory: scratch,
    config: loadConfig({ DATA_DIRECTORY: scratch, ...settings }),
  });
  await extractor.release();
  return extractor.weightsSha256;
}

it('opens the shipped extractor, one at a path, and one in the object store', async () => {
  const shipped = await weightsOf('mini-clip', {});
  expect(await weightsOf('clip', { CLIP_WEIGHTS: join(scratch, 'mini-clip') })).toBe(shipped);
  const store = await createObjectStore(loadConfig({ DATA_DIRECTORY: scratch }).objectStore);
  for (const file of await readdir(join(scratch, 'mini-clip')))
    await store.put(`weights/clip/${file}`, await readFile(join(scratch, 'mini-clip', file)));
  expect(await weightsOf('clip', { CLIP_WEIGHTS_OBJECT: 'weights/clip', CLIP_WEIGHTS_SHA256: shipped })).toBe(shipped);
});

it('names the setting if there is no file', async () => {
  await expect(weightsOf('inception-v3-fid', {})).rejects.toThrow(/'inception-v3-fid' is not configured: set INCEPTION_WEIGHTS/);
  const elsewhere = { CLIP_WEIGHTS_OBJECT: 'weights/nowhere' };
  await expect(weightsOf('clip', elsewhere)).rejects.toThrow(/no weights\/nowhere\/config\.json; set CLIP_WEIGHTS/);
});

it('does not report missing weights if the store is not mounted', async () => {
  const unmounted = { CLIP_WEIGHTS_OBJECT: 'weights/clip', OBJECT_STORE_DIRECTORY: join(scratch, 'unmounted') };
  await expect(weightsOf('clip', unmounted)).rejects.toThrow(StoreIdentityError);
});
