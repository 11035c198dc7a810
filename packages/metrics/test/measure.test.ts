// The metric block of a report is complete, named after its extractor, repeatable, and clear about its limits.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  directoryCache,
  imageArrays,
  imageFiles,
  measureImages,
  metricName,
  NonFiniteFeaturesError,
  openExtractor,
  promptSetSha256,
  referenceFeatures,
  UnreadableImageError,
  type FeatureExtractor,
  type MeasureRequest,
} from '@styleforge/metrics';
import { SafetensorsReader, writeSafetensors } from '@styleforge/weights';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClipFolder, picture } from './formula-pictures.ts';

let scratch: string;
let extractor: FeatureExtractor;
const pictures = (name: string, count: number) => Array.from({ length: count }, (_, i) => picture(`${name}${i}`, 40, 40));
const real = imageArrays(pictures('real', 12));
const generated = imageArrays(pictures('generated', 8));
const prompts = Array.from({ length: 8 }, (_, i) => `an apple, number ${i}`);
const measure = (request: Partial<MeasureRequest>) => measureImages({ extractor, generated, reference: real, ...request });

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-measure-'));
  extractor = await openExtractor({ name: 'mini-clip', weights: { path: await makeClipFolder(join(scratch, 'clip')) } });
});
afterAll(async () => {
  await extractor.release();
  await rm(scratch, { recursive: true, force: true });
});

describe('the metric block', () => {
  it('contains all that is needed to interpret and repeat its values', async () => {
    const block = await measure({ prompts, styleRef: real, seed: 5, subsets: 7, subsetSize: 6 });
    expect(block).toMatchObject({
      extractor: { name: 'mini-clip', dimension: extractor.dimension, resize: 'clip', weightsSha256: extractor.weightsSha256 },
      realCount: 12,
      generatedCount: 8,
      promptSetSha256: promptSetSha256(prompts),
      seed: 5,
      kidSubsets: { subsets: 7, subsetSize: 6 },
      leading: 'kid@mini-clip',
    });
    expect(block.values.map(({ name }) => name)).toEqual(['kid@mini-clip', 'fid@mini-clip', 'clip@mini-clip']);
    for (const { value, interval } of block.values) {
      expect(interval!.low).toBeLessThan(value);
      expect(interval!.high).toBeGreaterThan(value);
      expect(interval!.level).toBe(0.95);
    }
    expect(block.values[0].timesThousand).toBeCloseTo(1000 * block.values[0].value, 9);
    expect(block.warnings.map(({ code }) => code)).toEqual(['fid-biased', 'few-images']);
    expect(block.memorisation!.nearest).toHaveLength(8);
    expect(JSON.parse(JSON.stringify(block))).toEqual(block);
    expect(await measure({ prompts, styleRef: real, seed: 5, subsets: 7, subsetSize: 6 })).toEqual(block);
  });

  it.each([
    ['fid', 'inception-v3-fid', 2048, 'fid'],
    ['kid', 'inception-v3-fid', 768, 'kid@inception-v3-fid-768'],
    ['fid', 'clip', 512, 'fid@clip'],
    ['clip', 'clip', 512, 'clip'],
    ['kid', 'mini-clip', 128, 'kid@mini-clip'],
    ['clip', 'mini-clip', 128, 'clip@mini-clip'],
  ] as const)('names %s of %s with %i features %3$s', (metric, name, dimension, expected) => {
    expect(metricName(metric, { name, dimension })).toBe(expected);
  });

  it('omits what was not requested, and refuses what is not available', async () => {
    const block = await measure({ metrics: ['kid'], bootstrap: false });
    expect(block.values.map(({ name, interval }) => [name, interval])).toEqual([['kid@mini-clip', null]]);
    expect((await measure({ reference: undefined, prompts, bootstrap: false })).values.map(({ name }) => name)).toEqual(['clip@mini-clip']);
    await expect(measure({ metrics: ['clip'] })).rejects.toThrow(/clip needs the prompts of the images/);
    await expect(measure({ metrics: ['fid'], reference: undefined })).rejects.toThrow(/fid needs reference images/);
    await expect(measure({ prompts: prompts.slice(1) })).rejects.toThrow(/7 prompts were given for 8 generated images/);
  });

  it('gives identical sets FID 0 and KID at or below 0, and warns about them', async () => {
    const { values, warnings, memorisation } = await measure({
      generated: real,
      styleRef: real,
      metrics: ['fid', 'kid'],
      bootstrap: false,
    });
    expect(values.find(({ metric }) => metric === 'fid')!.value).toBeLessThan(1e-9);
    expect(values.find(({ metric }) => metric === 'kid')!.value).toBeLessThanOrEqual(0);
    expect(warnings.map(({ code }) => code)).toContain('identical-sets');
    expect(memorisation).toMatchObject({ memorisedCount: 12, memorisedShare: 1 });
    expect(memorisation!.nearest.every(({ generated: own, reference }) => own === reference)).toBe(true);
  });

  it('accepts images of mixed sizes and warns about them', async () => {
    const mixed = imageArrays([...pictures('generated', 3), picture('wide', 90, 31), picture('tall', 33, 70)]);
    expect((await measure({ generated: mixed, bootstrap: false })).warnings.map(({ code }) => code)).toContain('mixed-sizes');
  });

  it('refuses fewer than 2 images', async () => {
    const one = imageArrays(pictures('one', 1));
    await expect(measure({ generated: one })).rejects.toThrow(/at least 2 generated images are needed, not 1/);
    await expect(measure({ reference: one })).rejects.toThrow(/at least 2 reference images are needed, not 1/);
    const { diversity } = await measure({ metrics: ['clip'], prompts, reference: one, bootstrap: false });
    expect(diversity).toMatchObject({ reference: null, ratio: null });
    await expect(measure({ styleRef: imageArrays([]) })).rejects.toThrow(/StyleRef images is empty/);
  });

  it('names the image whose features are not finite numbers', async () => {
    const folder = await makeClipFolder(join(scratch, 'broken-clip'));
    const reader = await SafetensorsReader.open(join(folder, 'model.safetensors'));
    const entries = await Promise.all(
      reader.names().map(async (name) => ({
        name,
        shape: reader.info(name).shape,
        data: (await reader.read(name)).fill(name.startsWith('visual_projection') ? NaN : 0),
      })),
    );
    await reader.close();
    await writeSafetensors(join(folder, 'model.safetensors'), entries);
    const broken = await openExtractor({ name: 'mini-clip', weights: { path: folder } });
    await expect(measure({ extractor: broken })).rejects.toThrow(NonFiniteFeaturesError);
    await broken.release();
  });

  it('stops when told to', async () => {
    await expect(measure({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});

describe('images in files', () => {
  it('are read in order, and a file that is damaged, absent or not an image is named', async () => {
    const file = join(scratch, 'one.png');
    const { width, height, rgb } = picture('file', 20, 14);
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(file);
    const set = await imageFiles([file]);
    expect(set.sha256s[0]).toMatch(/^[0-9a-f]{64}$/);
    for await (const image of set.images()) expect(Buffer.from(image.rgb).equals(Buffer.from(rgb))).toBe(true);
    await expect(imageFiles([join(scratch, 'absent.png')])).rejects.toThrow(UnreadableImageError);
    const cut = join(scratch, 'cut.png');
    await writeFile(cut, (await readFile(file)).subarray(0, 200));
    await writeFile(join(scratch, 'text.png'), 'no picture');
    for (const bad of [cut, join(scratch, 'text.png')]) {
      await expect(measure({ generated: await imageFiles([file, bad]) })).rejects.toThrow(new RegExp(`${bad}: this image cannot be read`));
    }
  });
});

describe('reference features', () => {
  const counting = (images: MeasureRequest['generated']) => {
    const count = { opened: 0 };
    return {
      count,
      set: {
        ...images,
        images: () => {
          count.opened++;
          return images.images();
        },
      },
    };
  };

  it('are computed once for a set in any order, and again if the stored file is damaged', async () => {
    const directory = join(scratch, 'cache');
    const cache = directoryCache(directory);
    const { count, set } = counting(real);
    const made = await referenceFeatures(extractor, set, { cache });
    const turned = imageArrays(pictures('real', 12).reverse());
    const again = await referenceFeatures(extractor, counting(turned).set, { cache });
    expect(again.features).toEqual(made.features);
    expect(again.setSha256).toBe(made.setSha256);
    expect(again.order).toEqual(made.order.map((i) => 11 - i));
    await referenceFeatures(extractor, set, { cache });
    expect(count.opened).toBe(1);
    const [name] = await readdir(directory);
    const bytes = await readFile(join(directory, name));
    bytes[bytes.length - 100] ^= 1;
    await writeFile(join(directory, name), bytes);
    const warnings: string[] = [];
    expect((await referenceFeatures(extractor, set, { cache, onWarning: (text) => warnings.push(text) })).features).toEqual(made.features);
    expect(count.opened).toBe(2);
    expect(warnings).toEqual([expect.stringMatching(/computed again: the checksum does not fit/)]);
    await referenceFeatures(extractor, set, { cache });
    expect(count.opened).toBe(2);
  });

  it('include their moments if there are more images than features', async () => {
    const many = imageArrays(pictures('many', extractor.dimension + 2));
    const cache = directoryCache(join(scratch, 'moments'));
    const made = await referenceFeatures(extractor, many, { cache });
    const read = await referenceFeatures(extractor, many, { cache });
    expect(read.features).toEqual(made.features);
    expect(read.features.moments!.count).toBe(extractor.dimension + 2);
  });
});
