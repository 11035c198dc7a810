// Feature extractors against pytorch-fid, clean-fid and transformers: images and weights come from formulas, so that both sides have the
// same.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openExtractor, resizeBytes, resizeClean, resizeLegacy, type InceptionTap } from '@styleforge/metrics';
import { SafetensorsReader, writeSafetensors } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { golden, makeClipFolder, picture, weightsFor } from './formula-pictures.ts';

let scratch: string;
let weightsFile: string;

const pictures = { small: picture('small', 64, 64), odd: picture('odd', 211, 157), large: picture('large', 401, 317) };

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-extractors-'));
  weightsFile = join(scratch, 'inception.safetensors');
  const shapes = JSON.parse(await readFile(join(golden, 'inception-shapes.json'), 'utf8')) as Record<string, number[]>;
  await writeSafetensors(
    weightsFile,
    Object.entries(shapes).map(([name, shape]) => ({ name, shape, data: weightsFor(name, shape) })),
    { dtype: 'F32' },
  );
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('inception-v3-fid', () => {
  it.each([
    ['clean', 2048],
    ['legacy', 2048],
    ['clean', 768],
    ['legacy', 192],
    ['clean', 64],
  ] as const)('equals %s and pytorch-fid at %i features', async (resize, tap: InceptionTap) => {
    const extractor = await openExtractor({ name: 'inception-v3-fid', weights: { path: weightsFile }, resize, tap });
    const reference = await SafetensorsReader.open(join(golden, 'inception.safetensors'));
    const names = Object.keys(pictures) as (keyof typeof pictures)[];
    const { data, count, dimension } = await extractor.embedImages(
      names.map((name) => pictures[name]),
      { batchSize: 2 },
    );
    expect([count, dimension, extractor.dimension]).toEqual([3, tap, tap]);
    for (const [row, name] of names.entries()) {
      const expected = await reference.read(`${resize}.${name}.${tap}`);
      const scale = Math.max(...expected.map(Math.abs));
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - data[row * tap + i]!)), 0);
      expect(worst / scale, name).toBeLessThan(1e-4);
    }
    await reference.close();
    await extractor.release();
  });

  it('names the setting if weights are missing, and what is wrong with others', async () => {
    await expect(openExtractor({ name: 'inception-v3-fid' })).rejects.toThrow(
      /'inception-v3-fid' is not configured: set INCEPTION_WEIGHTS to .*pt_inception-2015-12-05.*INCEPTION_WEIGHTS_URL with INCEPTION_WEIGHTS_SHA256/,
    );
    await expect(openExtractor({ name: 'clip', weights: { path: join(scratch, 'nowhere') } })).rejects.toThrow(
      /'clip' is not configured: there is no .*nowhere/,
    );
    const other = join(scratch, 'other.safetensors');
    await writeSafetensors(other, [{ name: 'x', shape: [1], data: Float32Array.of(1) }], { dtype: 'F32' });
    const extractor = await openExtractor({ name: 'inception-v3-fid', weights: { path: other } });
    await expect(extractor.embedImages([pictures.small])).rejects.toThrow(/contain no 'Conv2d_1a_3x3.*not the network of FID/);
    const broken = join(scratch, 'broken.safetensors');
    const reader = await SafetensorsReader.open(weightsFile);
    const entries = await Promise.all(
      reader.names().map(async (name) => ({
        name,
        shape: reader.info(name).shape,
        data: name === 'Conv2d_1a_3x3.bn.bias' ? new Float32Array(32).fill(NaN) : await reader.read(name),
      })),
    );
    await writeSafetensors(broken, entries, { dtype: 'F32' });
    const damaged = await openExtractor({ name: 'inception-v3-fid', weights: { path: broken }, tap: 64 });
    await expect(damaged.embedImages([pictures.small])).rejects.toThrow(/item 1 has features that are not finite numbers/);
    await Promise.all([reader.close(), extractor.release(), damaged.release()]);
  });
});

describe('resize rules', () => {
  const sizes = { down: [61, 47, 29, 23], up: [23, 17, 41, 37], across: [53, 19, 31, 33], thin: [97, 3, 29, 29] } as const;
  it.each(
    Object.keys(sizes).flatMap(
      (name) =>
        [
          ['clean', name],
          ['legacy', name],
        ] as ['clean' | 'legacy', keyof typeof sizes][],
    ),
  )('%s is within 1/255 of the range of the reference: %s', async (rule, name) => {
    const [width, height, toWidth, toHeight] = sizes[name];
    const resized = { clean: resizeClean, legacy: resizeLegacy }[rule](picture(name, width, height), toWidth, toHeight);
    const reader = await SafetensorsReader.open(join(golden, 'resize.safetensors'));
    const expected = await reader.read(`${rule}.${name}`);
    await reader.close();
    expect(resized.data.length).toBe(expected.length);
    // of 255: a thousandth of the allowed difference
    for (const [i, value] of expected.entries()) expect(Math.abs(resized.data[i] - value)).toBeLessThan(1e-3);
  });

  it.each(['clean', 'legacy', 'bytes'] as const)(
    '%s does not change an image of the target size, nor the mean of a uniform one',
    (rule) => {
      const resize = { clean: resizeClean, legacy: resizeLegacy, bytes: resizeBytes }[rule];
      expect([...resize(pictures.small, 64, 64).data]).toEqual([...pictures.small.rgb]);
      const plain = { width: 31, height: 17, rgb: new Uint8Array(31 * 17 * 3).fill(99) };
      for (const value of resize(plain, 50, 9).data) expect(value).toBeCloseTo(99, 3);
    },
  );
});

describe('clip', () => {
  it('equals transformers for texts and images, including the preprocessing', async () => {
    const folder = await makeClipFolder(join(scratch, 'clip'));
    const reference = await SafetensorsReader.open(join(golden, 'clip-preprocessing', 'embeddings.safetensors'));
    const texts = JSON.parse(await readFile(join(golden, 'clip-preprocessing', 'texts.json'), 'utf8')) as string[];
    const extractor = await openExtractor({ name: 'clip', weights: { path: folder } });
    const found = {
      images: await extractor.embedImages(Object.values(pictures), { batchSize: 2 }),
      texts: await extractor.embedTexts!(texts, { batchSize: 2 }),
    };
    for (const part of ['images', 'texts'] as const) {
      const expected = await reference.read(part);
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[part].data[i]!)), 0);
      expect(worst, part).toBeLessThan(1e-4);
    }
    await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify({ resample: 2 }));
    await expect(openExtractor({ name: 'clip', weights: { path: folder } })).rejects.toThrow(/resample is 2; only 3/);
    await Promise.all([reference.close(), extractor.release()]);
  });
});
