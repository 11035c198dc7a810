// Images: rendering, styles, the cache, the training stream and the contact sheet, by looking at pixels.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StyleId } from '../src/index.ts';
import {
  baseStyles,
  buildImageCache,
  contactSheet,
  imageOf,
  listLicences,
  listSampleStyles,
  listSubjects,
  referenceSet,
  renderSubject,
  sampleStyle,
  styleRefSubjects,
  targetStyles,
} from '../src/index.ts';

vi.setConfig({ testTimeout: 120_000 });

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'samples-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const apple = listSubjects().find(({ name }) => name === 'red apple')!;
const pixelAt = (rgb: Uint8Array, x: number, y: number, size = 64) => [...rgb.subarray(3 * (y * size + x), 3 * (y * size + x) + 3)];

function meanColor(rgb: Uint8Array): number[] {
  const sums = [0, 0, 0];
  rgb.forEach((value, i) => {
    sums[i % 3]! += value;
  });
  return sums.map((sum) => sum / (rgb.length / 3));
}

describe('renderSubject', () => {
  it('puts the drawing on the background with the same margin in each plain style', async () => {
    for (const style of ['noto', 'twemoji', 'fluent', 'ink', 'outline'] as const) {
      const rgb = await renderSubject(style, apple);
      expect(rgb.length).toBe(64 * 64 * 3);
      const used = Array.from({ length: 64 }, (_, y) => Array.from({ length: 64 }, (_, x) => Math.min(...pixelAt(rgb, x, y)))).map((row) =>
        row.some((value) => value < 200),
      );
      expect(Math.abs(used.indexOf(true) - (63 - used.lastIndexOf(true)))).toBeLessThanOrEqual(1);
      expect(used.indexOf(true)).toBeGreaterThanOrEqual(1);
      expect(used.indexOf(true)).toBeLessThanOrEqual(4);
      expect(pixelAt(rgb, 0, 0)).toEqual([255, 255, 255]);
    }
  });

  it('draws a red apple red in the base styles, black and white in ink, and on blue in blueprint', async () => {
    for (const style of ['noto', 'twemoji', 'fluent'] as const) {
      const [red, green] = pixelAt(await renderSubject(style, apple), 24, 36) as [number, number, number];
      expect(red).toBeGreaterThan(green + 80);
    }
    const ink = await renderSubject('ink', apple);
    expect(ink.every((value, i) => i % 3 !== 0 || Math.abs(value - ink[i + 2]!) < 4)).toBe(true);
    const [red, , blue] = pixelAt(await renderSubject('blueprint', apple), 1, 1) as [number, number, number];
    expect(blue - red).toBeGreaterThan(100);
  });

  it('draws only blocks of four pixels in pixel style', async () => {
    const rgb = await renderSubject('pixel', apple);
    for (let y = 0; y < 64; y++) {
      for (let x = 0; x < 64; x++) expect(pixelAt(rgb, x, y)).toEqual(pixelAt(rgb, x - (x % 4), y - (y % 4)));
    }
  });

  it('respects size, background and mirrored', async () => {
    const key = listSubjects().find(({ name }) => name === 'guitar')!;
    const plain = await renderSubject('noto', key, { size: 32, background: '#0000ff' });
    const mirrored = await renderSubject('noto', key, { size: 32, background: '#0000ff', mirrored: true });
    expect(plain.length).toBe(32 * 32 * 3);
    expect(pixelAt(plain, 0, 0, 32)).toEqual([0, 0, 255]);
    expect(Buffer.compare(plain, mirrored)).not.toBe(0);
    await expect(renderSubject('noto', key, { size: 1.5 })).rejects.toThrow('size');
  });

  it('gives the colored target styles a mean color far from that of any base style', async () => {
    const mean = async (style: StyleId) =>
      meanColor(Buffer.concat(await Promise.all(styleRefSubjects().map((subject) => renderSubject(style, subject)))));
    for (const base of baseStyles) {
      const plain = await mean(base);
      for (const target of ['blueprint', 'poster', 'ink'] as const) {
        const shifted = await mean(target);
        expect(Math.hypot(...plain.map((value, i) => value - shifted[i]!))).toBeGreaterThan(15);
      }
    }
  });
});

describe('sample styles', () => {
  it('consist of ten persons and ten others for each target style, with names, captions and licence', async () => {
    expect(
      listSampleStyles()
        .filter(({ role }) => role === 'target')
        .map(({ id }) => id),
    ).toEqual([...targetStyles]);
    const images = await sampleStyle('blueprint');
    expect(images.map(({ component }) => component)).toEqual([...Array(10).fill('person'), ...Array(10).fill('background')]);
    expect(new Set(images.map(({ fileName }) => fileName)).size).toBe(20);
    expect(images[0]!.caption).toBe('man, blueprint style');
    expect(await sharp(images[0]!.png).metadata()).toMatchObject({ width: 64, height: 64, channels: 3, format: 'png' });
    expect(await sampleStyle('blueprint')).toEqual(images);
    for (const { licence } of listSampleStyles()) expect(licence.source).toMatch(/^https:/);
  });

  it('consist of twenty people for a base style, none of them a StyleRef subject', async () => {
    const aux = await sampleStyle('noto');
    const styleRef = new Set(styleRefSubjects().map(({ name }) => name));
    expect(aux.length).toBe(20);
    expect(aux.every(({ component, subject }) => component === 'person' && !styleRef.has(subject))).toBe(true);
  });

  it('do not overlap with the reference set', async () => {
    const styleRef = new Set(styleRefSubjects().map(({ name }) => name));
    const reference = await referenceSet('outline', { limit: 12, size: 16 });
    expect(reference.length).toBe(12);
    expect(reference.some(({ subject }) => styleRef.has(subject))).toBe(false);
  });

  it('list the available styles if another one is requested', async () => {
    await expect(sampleStyle('cubism')).rejects.toThrow(/cubism.*noto.*ink/);
  });
});

describe('image cache and training set', () => {
  const subjects = listSubjects().filter((_, i) => i % 6 === 0);
  const options = { styles: ['outline'], size: 8, subjects } as const;

  it('renders once, then loads the same bytes, and renders again when the file is cut short', async () => {
    const progress: number[] = [];
    const first = await buildImageCache(directory, { ...options, onProgress: ({ done }) => progress.push(done) });
    expect(first.records.length).toBe(subjects.length);
    expect(progress.at(-1)).toBe(subjects.length);
    let rendered = 0;
    const again = {
      ...options,
      onProgress: () => {
        rendered++;
      },
    };
    const second = await buildImageCache(directory, again);
    expect(rendered).toBe(0);
    expect(second.records).toEqual(first.records);
    expect(Buffer.compare(second.images, first.images)).toBe(0);
    expect(imageOf(second, second.records[7]!)).toEqual(second.images.subarray(7 * 192, 8 * 192));
    const file = join(directory, (await readdir(directory)).find((name) => name.endsWith('.rgb'))!);
    await writeFile(file, (await readFile(file)).subarray(0, 1000));
    expect(Buffer.compare((await buildImageCache(directory, again)).images, first.images)).toBe(0);
    expect(rendered).toBe(subjects.length);
  });

  it('keep held-out pairs in a split of their own', async () => {
    const base = { styles: ['twemoji'], size: 8, subjects } as const;
    const train = await buildImageCache(directory, base);
    const heldOut = await buildImageCache(directory, { ...base, split: 'held-out' });
    expect(train.records.some((record) => record.heldOut)).toBe(false);
    expect(heldOut.records.length).toBeGreaterThan(5);
    expect(heldOut.records.every((record) => record.heldOut)).toBe(true);
    expect(train.records.length + heldOut.records.length).toBe(subjects.length);
  });
});

describe('contactSheet', () => {
  it('draws labels and enlarged images, and needs no system font for the text', async () => {
    const red = { rgb: new Uint8Array(64 * 64 * 3).map((_, i) => (i % 3 === 0 ? 255 : 0)), width: 64, height: 64 };
    const png = (await sampleStyle('ink', { size: 64 }))[0]!.png;
    const labels = ['a photo of zwx style, princess', 'a photo of zwx style, castle'];
    const rows = [
      { label: 'before', images: [red, png] },
      { label: 'after', images: [png, null] },
    ];
    const sheet = await contactSheet({ rows, columnLabels: labels, title: 'Before and after', footer: 'seed 1337', scale: 2 });
    const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    expect(info.width).toBeGreaterThan(2 * 128);
    expect(info.height).toBeGreaterThan(2 * 128);
    let [redPixels, darkInTitle] = [0, 0];
    for (let i = 0; i < data.length; i += 3) {
      if (data[i] === 255 && data[i + 1] === 0) redPixels++;
      if (i < info.width * 3 * 52 && data[i]! < 100) darkInTitle++;
    }
    expect(redPixels).toBe(128 * 128);
    expect(darkInTitle).toBeGreaterThan(300);
  });
});

describe('licences', () => {
  it('are written in docs/licences.md with the installed versions', async () => {
    const text = await readFile(new URL('../../../docs/licences.md', import.meta.url), 'utf8');
    for (const { packageName, version, spdx, attribution } of listLicences()) {
      expect(text).toContain(`| ${packageName} | ${version} | ${spdx} | ${attribution} |`);
    }
  });
});
