// Moments by streaming, bootstrap intervals, distances of images and signs of overfitting, compared with closed forms and plain loops.
import {
  clipScoreInterval,
  diversityOf,
  features,
  fidInterval,
  frechetDistance,
  fullKernelDistance,
  kernelDistance,
  kidInterval,
  meanPairwiseDistance,
  memorisationOf,
  momentsOf,
  MomentsAccumulator,
  chanceClipScore,
  overfittingSigns,
  type Features,
} from '@styleforge/metrics';
import { randomNormals } from '@styleforge/diffusion';
import { describe, expect, it } from 'vitest';

const normal = (count: number, dimension: number, seed: number, shift = 0): Features =>
  features(
    randomNormals({ seed, step: 0, purpose: 'test' }, count * dimension).map((value) => value + shift),
    dimension,
  );

it('scores images with the texts of other images, without pairs of equal texts', () => {
  const [images, texts] = [features(Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1), 2), features(Float32Array.of(1, 0, 0, 1, 0.6, 0.8, 0, 1), 2)];
  const prompts = ['a', 'b', 'c', 'b'];
  // Rows 1 and 3 have the same text; row 0 meets (0.6, 0.8), row 2 meets (1, 0).
  expect(chanceClipScore(images, texts, (row) => prompts[row])).toBeCloseTo((100 * (0.6 + 1)) / 2);
  expect(chanceClipScore(images, texts, () => 'the same')).toBeNull();
});

describe('moments', () => {
  it('equal those of a plain double loop for any size of blocks', async () => {
    const set = normal(1300, 11, 1, 100);
    const { mean, covariance } = await momentsOf(set);
    const at = (row: number, i: number) => set.data[row * 11 + i];
    for (const [i, j] of [
      [0, 0],
      [3, 7],
      [10, 2],
      [10, 10],
    ]) {
      const [mi, mj] = [i, j].map(
        (k) => Array.from({ length: 1300 }, (_, row) => at(row, k)).reduce((sum, value) => sum + value, 0) / 1300,
      );
      const product =
        Array.from({ length: 1300 }, (_, row) => (at(row, i) - mi) * (at(row, j) - mj)).reduce((sum, value) => sum + value, 0) / 1299;
      expect(mean[i]).toBeCloseTo(mi, 10);
      expect(covariance.data[i * 11 + j]).toBeCloseTo(product, 10);
    }
    const accumulator = new MomentsAccumulator(11);
    for (let row = 0; row < 1300; row += 130) await accumulator.add(set.data.subarray(row * 11, (row + 130) * 11));
    const streamed = accumulator.finish();
    for (const [i, value] of streamed.covariance.data.entries()) expect(value).toBeCloseTo(covariance.data[i], 10);
  });

  it('need two images', () => {
    expect(() => new MomentsAccumulator(3).finish()).toThrow(/at least 2 images, not 0/);
  });
});

describe('KID of many images', () => {
  it('is the same with kept kernels and with a kernel for each subset', async () => {
    // beyond 4096 images nothing is kept
    const [x, y] = [normal(4100, 3, 1), normal(40, 3, 2, 0.3)];
    const fewer = { ...x, data: x.data.slice(0, 4096 * 3), count: 4096 };
    const [kept, own] = [await kernelDistance(fewer, y, { subsets: 30 }), await kernelDistance(x, y, { subsets: 30 })];
    expect(Math.abs(kept.mean - own.mean)).toBeLessThan((3 * (kept.standardDeviation + own.standardDeviation)) / Math.sqrt(30));
    const direct = await kernelDistance(y, y, { subsets: 1 });
    expect(direct.mean).toBeCloseTo(await fullKernelDistance(y, y), 12);
  });

  it('gives the same sum with one tile and with several', async () => {
    const [x, y] = [normal(1500, 2, 1), normal(1100, 2, 2)];
    const k = (a: Features, i: number, b: Features, j: number) =>
      ((a.data[2 * i] * b.data[2 * j] + a.data[2 * i + 1] * b.data[2 * j + 1]) / 2 + 1) ** 3;
    const mean = (a: Features, b: Features) => {
      let sum = 0;
      for (let i = 0; i < a.count; i++) for (let j = 0; j < b.count; j++) if (a !== b || i !== j) sum += k(a, i, b, j);
      return sum / (a.count * (a === b ? b.count - 1 : b.count));
    };
    expect(await fullKernelDistance(x, y)).toBeCloseTo(mean(x, x) + mean(y, y) - 2 * mean(x, y), 9);
  });
});

describe('intervals', () => {
  /** The middle 95 % of estimates from fresh samples, which an interval should equal. */
  async function spread(estimate: (seed: number) => Promise<number>): Promise<number> {
    const values = await Promise.all(Array.from({ length: 40 }, (_, i) => estimate(10 + 2 * i)));
    const mean = values.reduce((sum, value) => sum + value, 0) / 40;
    return 4 * Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 39);
  }

  it.each([
    ['FID, more images than features', 60, 4, frechetDistance, fidInterval],
    ['FID, fewer', 12, 20, frechetDistance, fidInterval],
    ['KID', 60, 4, fullKernelDistance, kidInterval],
  ] as const)('of %s is as wide as the scatter of fresh samples', async (_, count, dimension, distance, interval) => {
    const sets = (seed: number) => [normal(count, dimension, seed), normal(count, dimension, seed + 1, 0.7)] as const;
    const value = await distance(...sets(1));
    const found = (await interval(value, ...sets(1), { seed: 3 }))!;
    expect(found).toMatchObject({ level: 0.95, replicates: 200 });
    expect(found.low).toBeLessThan(value);
    expect(found.high).toBeGreaterThan(value);
    const ratio = (found.high - found.low) / (await spread((seed) => distance(...sets(seed))));
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
    expect(await interval(value, ...sets(1), { seed: 3 })).toEqual(found);
    expect(await interval(value, ...sets(1), { seed: 4 })).not.toEqual(found);
  });

  it('of the CLIP score equals that of a mean', async () => {
    const count = 400;
    const angles = randomNormals({ seed: 1, step: 0, purpose: 'angles' }, count).map((value) => 1 + 0.2 * value);
    const images = features(
      Float64Array.from({ length: 2 * count }, (_, i) => (i % 2 ? Math.sin(angles[i >> 1]) : Math.cos(angles[i >> 1]))),
      2,
    );
    const texts = features(
      Float64Array.from({ length: 2 * count }, (_, i) => 1 - (i % 2)),
      2,
    );
    const scores = Array.from(angles, (angle) => 100 * Math.cos(angle));
    const mean = scores.reduce((sum, value) => sum + value, 0) / count;
    const error = Math.sqrt(scores.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1) / count);
    const { low, high } = await clipScoreInterval(mean, images, texts);
    expect((high - low) / (2 * 1.96 * error)).toBeGreaterThan(0.85);
    expect((high - low) / (2 * 1.96 * error)).toBeLessThan(1.15);
  });

  it('of more than 2048 images uses a sample of them and is narrower', async () => {
    const [few, many, other] = [normal(300, 3, 1), normal(2400, 3, 2), normal(2400, 3, 3, 0.5)];
    const [wide, narrow] = [await kidInterval(0, few, other, { replicates: 40 }), await kidInterval(0, many, other, { replicates: 40 })];
    expect(narrow.high - narrow.low).toBeLessThan(wide.high - wide.low);
  });

  it('is omitted if it would take long, and refuses invalid options', async () => {
    const huge = { data: new Float32Array(0), count: 1e6, dimension: 2048 };
    expect(await fidInterval(1, huge, huge)).toBeNull();
    const set = normal(5, 2, 1);
    await expect(fidInterval(1, set, set, { replicates: 1 })).rejects.toThrow(/replicates is 1: give a whole number from 20/);
    await expect(kidInterval(1, set, set, { level: 95 })).rejects.toThrow(/level is 95/);
    await expect(kidInterval(1, set, normal(1, 2, 1))).rejects.toThrow(/at least 2 images/);
  });
});

describe('distances of images', () => {
  const unit = (...angles: number[]) =>
    features(Float64Array.from(angles.flatMap((angle) => [3 * Math.cos(angle), 3 * Math.sin(angle)])), 2);

  it('are the lengths between unit vectors', async () => {
    expect(await meanPairwiseDistance(unit(0, Math.PI / 2, Math.PI))).toBeCloseTo((2 * Math.SQRT2 + 2) / 3, 12);
    const many = normal(1100, 2, 4);
    const angle = (i: number) => Math.atan2(many.data[2 * i + 1], many.data[2 * i]);
    let sum = 0;
    for (let i = 0; i < 1100; i++) for (let j = 0; j < i; j++) sum += 2 * Math.abs(Math.sin((angle(i) - angle(j)) / 2));
    expect(await meanPairwiseDistance(many)).toBeCloseTo((2 * sum) / 1100 / 1099, 6);
    expect(await diversityOf(unit(0, Math.PI / 2), unit(0, Math.PI))).toMatchObject({
      reference: 2,
      ratio: expect.closeTo(Math.SQRT1_2, 12),
    });
    await expect(meanPairwiseDistance(unit(0))).rejects.toThrow(/at least 2 images/);
    await expect(meanPairwiseDistance(features(Float32Array.of(0, 0, 1, 1), 2))).rejects.toThrow(/image 1 has features of length zero/);
  });

  it('reveal an image that repeats a training image', async () => {
    const found = await memorisationOf(unit(1.5, 0.01, 2.9), unit(0, 2, 4));
    expect(found.nearest.map(({ generated, reference, memorised }) => [generated, reference, memorised])).toEqual([
      [1, 0, true],
      [0, 1, false],
      [2, 1, false],
    ]);
    expect(found).toMatchObject({ memorisedCount: 1, memorisedShare: 1 / 3 });
    expect((await memorisationOf(unit(1), unit(1))).nearest[0]).toMatchObject({ secondDistance: null, memorised: false });
  });
});

describe('signs of overfitting', () => {
  const present = (evidence: Parameters<typeof overfittingSigns>[0]) =>
    Object.fromEntries(overfittingSigns(evidence).map(({ sign, present: is }) => [sign, is]));
  const history = (kids: number[], clips: number[] = []) => kids.map((kid, i) => ({ step: 100 * (i + 1), kid, clip: clips[i] }));

  it('are a lasting rise of KID and a lasting fall of the CLIP score, not a single bad step', () => {
    expect(present({ history: history([9, 3, 5, 6], [20, 25, 22, 21]) })).toMatchObject({ 'kid-rising': true, 'clip-falling': true });
    expect(present({ history: history([9, 5, 3, 6], [20, 22, 25, 21]) })).toMatchObject({ 'kid-rising': false, 'clip-falling': false });
    expect(present({ history: history([9, 3, 3.1, 3.2]) })).toMatchObject({ 'kid-rising': false });
    expect(present({ history: history([9, 3, 5, 6]).map((point) => ({ ...point, kidStandardDeviation: 2 })) })).toMatchObject({
      'kid-rising': false,
    });
    expect(present({ history: history([9, 3]) })).toMatchObject({ 'kid-rising': null, 'clip-falling': null });
    expect(overfittingSigns({ history: history([9, 3, 5, 6]) })[0].explanation).toBe('KID was best at step 200 (3.000) and rose to 6.000.');
  });

  it('follow from before and after, if the training was not scored on the way', () => {
    const of = (after: number, before: number, chance: number | null = null) =>
      present({ clip: { value: after, chance: null }, base: { clip: { value: before, chance }, diversity: null } });
    expect(of(10.16, 64.58)).toMatchObject({ 'clip-falling': true });
    expect(of(60, 62.85)).toMatchObject({ 'clip-falling': false });
    // Half of the score above chance is lost.
    expect(of(23, 27)).toMatchObject({ 'clip-falling': false });
    expect(of(23, 27, 19)).toMatchObject({ 'clip-falling': true });
  });

  it("are images that lost the base model's diversity, although the style has little diversity", () => {
    const diversity = { generated: 0.668, reference: 0.416, ratio: 1.6 };
    const base = { clip: null, diversity: { generated: 1.211, reference: 0.416, ratio: 2.9 } };
    expect(present({ diversity })).toMatchObject({ 'low-diversity': false });
    expect(present({ diversity, base })).toMatchObject({ 'low-diversity': true });
  });

  it('are images that are alike or repeat training images', () => {
    expect(present({ diversity: { generated: 0.5, reference: 1, ratio: 0.5 } })).toMatchObject({
      'low-diversity': true,
      'memorised-pictures': null,
    });
    expect(present({ diversity: { generated: 0.9, reference: 1, ratio: 0.9 } })).toMatchObject({ 'low-diversity': false });
    expect(present({ memorisation: { nearest: [], memorisedCount: 3, memorisedShare: 0.3 } })).toMatchObject({
      'memorised-pictures': true,
      'low-diversity': null,
    });
  });
});
