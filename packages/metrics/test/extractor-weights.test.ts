// Weights from a folder, a URL and an object store give the same extractor, or an error that names what to set.
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ExtractorNotConfiguredError,
  openExtractor,
  type ExtractorConfig,
  type FetchProgress,
  type ObjectReader,
} from '@styleforge/metrics';
import { writeSafetensors } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { golden, makeClipFolder, picture } from './formula-pictures.ts';

let scratch: string;
let folder: string;
let server: Server;
let address: string;
let requests = 0;
let cacheDirectory: string;

const sha256Of = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-weights-'));
  cacheDirectory = join(scratch, 'cache');
  folder = await makeClipFolder(join(scratch, 'store', 'clip'));
  await writeSafetensors(join(scratch, 'store', 'inception.safetensors'), [{ name: 'x', shape: [1], data: Float32Array.of(1) }]);
  server = createServer((request, response) => {
    requests++;
    readFile(join(scratch, 'store', request.url!)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((done) => server.close(done));
  await rm(scratch, { recursive: true, force: true });
});

const readObject: ObjectReader = async (key, start) => {
  const bytes = await readFile(join(scratch, 'store', key)).catch(() => null);
  return (
    bytes &&
    (async function* () {
      yield bytes.subarray(start);
    })()
  );
};

async function embedding(config: ExtractorConfig): Promise<[string, number[]]> {
  const extractor = await openExtractor(config);
  const { data } = await extractor.embedImages([picture('one', 20, 30)]);
  await extractor.release();
  return [extractor.weightsSha256, [...data]];
}

async function pinnedFiles(): Promise<Record<string, { url: string; sha256: string }>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, { url: `${address}/clip/${name}`, sha256: await sha256Of(join(folder, name)) }] as const),
    ),
  );
}

describe('CLIP weights', () => {
  it('are the same from a folder, a URL and the object store, and are kept', async () => {
    const expected = await embedding({ name: 'clip', weights: { path: folder } });
    const progress: FetchProgress[] = [];
    const files = await pinnedFiles();
    expect(await embedding({ name: 'clip', weights: { files }, cacheDirectory, onProgress: (seen) => progress.push(seen) })).toEqual(
      expected,
    );
    expect(progress.find(({ file }) => file === 'model.safetensors')).toMatchObject({
      totalBytes: (await readFile(join(folder, 'model.safetensors'))).length,
    });
    const before = requests;
    expect(await embedding({ name: 'clip', weights: { files }, cacheDirectory })).toEqual(expected);
    expect(requests).toBe(before);
    expect(await embedding({ name: 'clip', weights: { objectKey: 'clip', readObject }, cacheDirectory })).toEqual(expected);
    expect(await embedding({ name: 'clip', weights: { objectKey: 'clip', readObject, sha256: expected[0] }, cacheDirectory })).toEqual(
      expected,
    );
  });

  it('that are missing or have another hash are refused', async () => {
    const open = (weights: ExtractorConfig['weights'], rest: Partial<ExtractorConfig> = { cacheDirectory }) =>
      openExtractor({ name: 'clip', weights, ...rest });
    await expect(open(undefined)).rejects.toThrow(
      /'clip' is not configured: set CLIP_WEIGHTS to .* CLIP_WEIGHTS_OBJECT .* CLIP_WEIGHTS_URL with CLIP_WEIGHTS_FILES/,
    );
    await expect(openExtractor({ name: 'mini-clip' })).rejects.toThrow(/'mini-clip' is not configured: set BASE_MODELS_DIRECTORY/);
    await expect(open({ objectKey: 'nowhere', readObject })).rejects.toThrow(ExtractorNotConfiguredError);
    await expect(open({ objectKey: 'nowhere', readObject })).rejects.toThrow(/the object store has no nowhere\/config\.json/);
    await expect(open({ objectKey: 'clip', readObject, sha256: 'a'.repeat(64) })).rejects.toThrow(/model\.safetensors has the sha256/);
    const { 'model.safetensors': model, ...rest } = await pinnedFiles();
    await expect(open({ files: rest })).rejects.toThrow(/the download lacks model\.safetensors/);
    await expect(
      open({ files: { ...rest, 'model.safetensors': { ...model, url: `${address}/absent` } } }, { cacheDirectory: join(scratch, 'empty') }),
    ).rejects.toThrow(/responded with 404/);
    await expect(open({ files: rest }, {})).rejects.toThrow(/lacks/);
    await expect(open({ files: { ...rest, 'model.safetensors': model } }, {})).rejects.toThrow(/a cache directory is needed/);
  });
});

describe('Inception weights', () => {
  it('can be a file, the only one of a folder, a download, or an object; .pth too', async () => {
    const file = join(scratch, 'store', 'inception.safetensors');
    const sha256 = await sha256Of(file);
    const alone = join(scratch, 'alone');
    await mkdir(alone);
    await cp(file, join(alone, 'inception.safetensors'));
    for (const weights of [
      { path: file },
      { path: alone },
      { url: `${address}/inception.safetensors`, sha256 },
      { objectKey: 'inception.safetensors', readObject },
    ]) {
      const extractor = await openExtractor({ name: 'inception-v3-fid', weights, cacheDirectory });
      expect(extractor.weightsSha256).toBe(sha256);
      await extractor.release();
    }
    const archive = await openExtractor({ name: 'inception-v3-fid', weights: { path: join(golden, 'torch-files', 'zip.pth') } });
    expect(archive.weightsSha256).toBe(await sha256Of(join(golden, 'torch-files', 'zip.pth')));
    await expect(archive.embedImages([picture('one', 20, 30)])).rejects.toThrow(/contain no 'Conv2d_1a_3x3/);
    await expect(openExtractor({ name: 'inception-v3-fid', weights: { path: join(golden, 'torch-files') } })).rejects.toThrow(
      /contains \d+ weight files; set the path of one/,
    );
    await writeFile(join(scratch, 'weights.onnx'), '');
    await expect(openExtractor({ name: 'inception-v3-fid', weights: { path: join(scratch, 'weights.onnx') } })).rejects.toThrow(
      /neither \.safetensors nor \.pth/,
    );
    await expect(openExtractor({ name: 'inception-v3-fid', weights: { path: join(golden, 'torch-files', 'evil.pth') } })).rejects.toThrow(
      /refers to posix\.system/,
    );
  });
});
