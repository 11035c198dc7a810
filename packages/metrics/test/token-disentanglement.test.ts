// Token disentanglement: the arithmetic on known features, and a real CLIP extractor on images with known content.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  features,
  measureTokenDisentanglement,
  openExtractor,
  promptUnder,
  tokenConditions,
  type FeatureExtractor,
  type RgbImage,
} from '@styleforge/metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const golden = fileURLToPath(new URL('../../../test/golden/', import.meta.url));
const person = { name: 'person', token: 'zwx', prompt: 'a photo of zwx style' };
const background = { name: 'background', token: 'ukj', prompt: 'a photo of ukj style' };

describe('conditions', () => {
  it('join the prompts of the tokens as the method does', () => {
    const conditions = tokenConditions([person, background]);
    expect(conditions.map((condition) => promptUnder(condition, 'a house'))).toEqual([
      'a house',
      'a photo of zwx style, a house',
      'a photo of ukj style, a house',
      'a photo of zwx style, ukj style, a house',
    ]);
    expect(conditions.map(({ components }) => components)).toEqual([[], ['person'], ['background'], ['person', 'background']]);
  });

  it('keep what the prompts do not share, for any number of components', () => {
    const object = { name: 'object', token: 'sks', prompt: 'sks things in a drawing' };
    expect(tokenConditions([person, background, object]).at(-1)?.prefix).toBe('a photo of zwx style, ukj style, sks things in a drawing');
  });
});

/** Images are their own embeddings: two numbers in their first bytes. */
const plain: FeatureExtractor = {
  name: 'clip',
  dimension: 2,
  resize: 'clip',
  weightsSha256: '0'.repeat(64),
  async embedImages(images) {
    const rows: number[] = [];
    for await (const { rgb } of images) rows.push(rgb[0]!, rgb[1]!);
    return features(Float64Array.from(rows), 2);
  },
  embedTexts: () => Promise.reject(new Error('no texts are needed')),
  release: () => Promise.resolve(),
};
const point = (x: number, y: number): RgbImage => ({ width: 1, height: 1, rgb: Uint8Array.of(x, y, 0) });
const components = [
  { ...person, references: [point(9, 0), point(5, 0)] },
  { ...background, references: [point(0, 7), point(0, 3)] },
];

describe('the measurement', () => {
  const measure = (images: Record<string, RgbImage[]>, prompts: string[], imagesPerPrompt = 1) =>
    measureTokenDisentanglement({
      extractor: plain,
      components,
      prompts,
      imagesPerPrompt,
      generate: (_, condition) => images[condition.components.join('+')]!,
    });

  it('computes known values: similarity, gain against the same prompts and seeds, standard error, share', async () => {
    const result = await measure(
      {
        '': [point(3, 4), point(4, 3)],
        person: [point(1, 0), point(4, 3)],
        background: [point(3, 4), point(3, 4)],
        'person+background': [point(1, 1), point(1, 1)],
      },
      ['a house', 'a tree'],
    );
    const [without, alone, , together] = result.conditions;
    expect(without?.pulls.map(({ similarity, gain, nearest }) => [similarity, gain, nearest])).toEqual([
      [70, { value: 0, standardError: 0 }, 0.5],
      [70, { value: 0, standardError: 0 }, 0.5],
    ]);
    // person alone: the first prompt goes from (60, 80) to (100, 0), the second does not change.
    expect(alone?.pulls[0]).toMatchObject({ component: 'person', similarity: 90, gain: { value: 20, standardError: 20 }, nearest: 1 });
    expect(alone?.pulls[1]).toMatchObject({ component: 'background', gain: { value: -40, standardError: 40 }, nearest: 0 });
    expect(result.components[0]).toMatchObject({ references: 2, recognised: 1, selectivity: { value: 60, standardError: 60 } });
    // background alone: the first does not change, the second goes from (80, 60) to (60, 80).
    expect(result.components[1]?.selectivity).toEqual({
      value: expect.closeTo(20, 9) as number,
      standardError: expect.closeTo(20, 9) as number,
    });
    expect(together?.pulls.map(({ gain }) => gain.value)).toEqual([
      expect.closeTo(Math.SQRT1_2 * 100 - 70, 9),
      expect.closeTo(Math.SQRT1_2 * 100 - 70, 9),
    ]);
  });

  it('counts several images of a prompt as one, and gives no error for a single prompt', async () => {
    const same = [point(1, 0), point(0, 1)];
    const result = await measure(
      { '': same, person: [point(1, 0), point(1, 0)], background: same, 'person+background': same },
      ['a house'],
      2,
    );
    expect(result.conditions[1]?.pulls[0]?.gain).toEqual({ value: 50, standardError: null });
  });

  it('shows when the extractor cannot distinguish the components', async () => {
    const alike = [point(5, 5), point(5, 6), point(6, 5)];
    const {
      components: [first, second],
    } = await measureTokenDisentanglement({
      extractor: plain,
      components: [
        { ...person, references: alike },
        { ...background, references: alike },
      ],
      prompts: ['a house'],
      generate: () => [point(1, 1)],
    });
    expect((first?.recognised ?? 1) + (second?.recognised ?? 1)).toBeLessThan(1.5);
  });

  it.each([
    ['a single component', { components: components.slice(1) }, /two components/],
    ['no prompts', { prompts: [] }, /at least one prompt/],
    [
      'a component of one image',
      { components: [components[0]!, { ...background, references: [point(0, 1)] }] },
      /background has 1 reference/,
    ],
    [
      'a judge without texts',
      { extractor: { ...plain, name: 'inception-v3-fid' as const, embedTexts: undefined } },
      /CLIP extractor, not inception/,
    ],
    ['a generator that makes too few', { generate: () => [] }, /0 images were made of 1 prompts/],
  ])('refuses %s', async (_case, changes, message) => {
    const options = { extractor: plain, components, prompts: ['a house'], generate: () => [point(1, 1)], ...changes };
    await expect(measureTokenDisentanglement(options as Parameters<typeof measureTokenDisentanglement>[0])).rejects.toThrow(message);
  });
});

describe('with a CLIP extractor', () => {
  let folder: string;
  let extractor: FeatureExtractor;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'styleforge-disentanglement-'));
    await cp(join(golden, 'clip-preprocessing'), folder, { recursive: true });
    await cp(join(golden, 'tiny-clip'), folder, { recursive: true });
    extractor = await openExtractor({ name: 'clip', weights: { path: folder } });
  });
  afterAll(async () => {
    await extractor.release();
    await rm(folder, { recursive: true, force: true });
  });

  /** Stripes or rings on noise: images of a model that has learned its tokens, or has not. */
  function drawing(seed: number, content: { stripes: boolean; rings: boolean }): RgbImage {
    const side = 48;
    const rgb = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
      const noise = (Math.imul(i + 1, 2654435761) ^ Math.imul(seed + 1, 40503)) >>> 24;
      const stripes = content.stripes ? 100 * Math.sign(Math.sin(x / 2)) : 0;
      const rings = content.rings ? 100 * Math.sign(Math.sin(Math.hypot(x - 24, y - 24))) * (i % 3 === 0 ? 1 : -1) : 0;
      return Math.min(255, Math.max(0, 128 + 0.2 * (noise - 128) + stripes + rings));
    });
    return { width: side, height: side, rgb };
  }
  const references = (content: { stripes: boolean; rings: boolean }) => Array.from({ length: 6 }, (_, i) => drawing(100 + i, content));
  const measure = (model: (prompt: string, seed: number) => RgbImage) =>
    measureTokenDisentanglement({
      extractor,
      prompts: Array.from({ length: 8 }, (_, i) => `thing ${i}`),
      generate: (prompts) => prompts.map(model),
      components: [
        { ...person, references: references({ stripes: true, rings: false }) },
        { ...background, references: references({ stripes: false, rings: true }) },
      ],
    });

  it('detects the tokens of a model that generates their components', async () => {
    const {
      components: [first, second],
      conditions: [without, zwx, ukj, both],
    } = await measure((prompt, seed) => drawing(seed, { stripes: prompt.includes('zwx'), rings: prompt.includes('ukj') }));
    for (const component of [first, second]) {
      expect(component).toMatchObject({ references: 6, recognised: 1 });
      expect(component!.selectivity.value).toBeGreaterThan(10 * component!.selectivity.standardError!);
    }
    expect([zwx?.pulls[0]?.nearest, ukj?.pulls[1]?.nearest]).toEqual([1, 1]);
    expect(without?.pulls.map(({ gain }) => gain.value)).toEqual([0, 0]);
    expect(both?.pulls.every(({ gain }) => gain.value !== 0)).toBe(true);
  });

  it('detects nothing in a model that ignores its tokens', async () => {
    const { components: measured } = await measure((_prompt, seed) => drawing(seed, { stripes: true, rings: false }));
    expect(measured.map(({ selectivity }) => selectivity)).toEqual([
      { value: 0, standardError: 0 },
      { value: 0, standardError: 0 },
    ]);
  });
});
