// The autoencoder's training images: the same for the same key, with grounds, lines and palettes that the base styles lack.
import { baseStyles, listSubjects, renderCutout, renderSubject } from '@styleforge/samples';
import { beforeAll, describe, expect, it } from 'vitest';
import { PIXELS } from '../src/pretrain/autoencoder.ts';
import { CANVAS_SIZE, type Cutout, filled, luminance, paste, toReducedPlanes } from '../src/pretrain/variants/canvas.ts';
import { Dice } from '../src/pretrain/variants/dice.ts';
import { writeVariant } from '../src/pretrain/variants/variant-source.ts';

let cutouts: Cutout[];
const subjects = listSubjects().slice(0, 4);
beforeAll(async () => {
  cutouts = await Promise.all(baseStyles.flatMap((style) => subjects.map((subject) => renderCutout(style, subject, CANVAS_SIZE))));
});

function variant(step: number, index = 0): Float32Array {
  const planes = new Float32Array(3 * PIXELS);
  writeVariant(cutouts, { seed: 7, step, index }, planes, 0);
  return planes;
}

describe('a variant of an image', () => {
  it('depends only on seed, step and position in the batch', () => {
    expect(variant(3)).toEqual(variant(3));
    expect(variant(3)).not.toEqual(variant(4));
    expect(variant(3)).not.toEqual(variant(3, 1));
  });

  it('stays within -1..1, and most have a background that is not white', () => {
    const variants = Array.from({ length: 40 }, (_, step) => variant(step));
    for (const planes of variants) expect(planes.every((value) => value >= -1 && value <= 1)).toBe(true);
    const corners = variants.map((planes) => [planes[0], planes[PIXELS], planes[2 * PIXELS]]);
    expect(corners.filter((corner) => corner.every((value) => value === 1)).length).toBeLessThan(20);
    expect(new Set(corners.map(String)).size).toBeGreaterThan(20);
  });
});

describe('a cutout', () => {
  it('on white equals what the style renders', async () => {
    const [subject] = subjects;
    const canvas = filled([255, 255, 255]);
    paste(canvas, await renderCutout('twemoji', subject, CANVAS_SIZE));
    const planes = new Float32Array(3 * PIXELS);
    toReducedPlanes(canvas, planes, 0);
    const rendered = await renderSubject('twemoji', subject, { size: 64 });
    let squared = 0;
    for (let i = 0; i < 3 * PIXELS; i++) squared += ((planes[i] + 1) * 127.5 - rendered[(i % PIXELS) * 3 + Math.floor(i / PIXELS)]) ** 2;
    expect(Math.sqrt(squared / planes.length)).toBeLessThan(8);
  });

  it('is placed as requested, smaller and mirrored', () => {
    const half: Cutout = new Uint8Array(CANVAS_SIZE ** 2 * 4);
    for (let i = 0; i < CANVAS_SIZE ** 2; i++) if (i % CANVAS_SIZE < CANVAS_SIZE / 2) half.set([0, 0, 0, 255], 4 * i);
    const dark = (options: Parameters<typeof paste>[2]): number[] => {
      const canvas = filled([255, 255, 255]);
      paste(canvas, half, options);
      const columns = [...luminance(canvas).subarray(CANVAS_SIZE * 40, CANVAS_SIZE * 41)].flatMap((value, x) => (value < 128 ? [x] : []));
      return [columns[0], columns[columns.length - 1]];
    };
    expect(dark({})).toEqual([0, 63]);
    expect(dark({ mirror: true })).toEqual([64, 127]);
    expect(dark({ shrink: 2, left: 10, top: 30 })).toEqual([10, 41]);
    expect(dark({ left: -20 })).toEqual([0, 43]);
  });
});

it('random choices for the same key are the same, and follow the weights', () => {
  const dice = (): Dice => new Dice({ seed: 1, step: 2, purpose: 'test' });
  const entries = [
    { weight: 3, name: 'often' },
    { weight: 1, name: 'seldom' },
  ];
  const draws = (from: Dice): string[] => Array.from({ length: 400 }, () => from.choose(entries).name);
  const drawn = draws(dice());
  expect(drawn).toEqual(draws(dice()));
  const often = drawn.filter((name) => name === 'often').length;
  expect(often).toBeGreaterThan(260);
  expect(often).toBeLessThan(340);
});
