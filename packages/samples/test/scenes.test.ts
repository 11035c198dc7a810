// Scenes: which subjects they combine, how they are drawn, and their captions.
import { describe, expect, it } from 'vitest';
import {
  drawScene,
  drawSceneCaption,
  isHeldOut,
  isHeldOutPair,
  listCoreSubjects,
  places,
  renderScene,
  type Scene,
  sceneCaptionOf,
  sceneCaptions,
  styleOf,
} from '../src/index.ts';

const subjects = listCoreSubjects();
const named = (name: string) => subjects.find((subject) => subject.name === name)!;
const darkShare = (rgb: Uint8Array, columns: [number, number]): number => {
  let dark = 0;
  for (let y = 0; y < 64; y++)
    for (let x = columns[0]; x < columns[1]; x++) if (Math.min(...rgb.subarray(3 * (y * 64 + x), 3 * (y * 64 + x) + 3)) < 200) dark += 1;
  return dark / (64 * (columns[1] - columns[0]));
};

describe('drawScene', () => {
  it('gives the same scene for the same key, with two different subjects, and none of the held-out combinations', () => {
    for (let i = 0; i < 300; i++) {
      const draw = { subjects, count: 2, inPlace: i % 2 === 0, key: `test/${i}` } as const;
      const scene = drawScene(draw);
      expect(drawScene(draw)).toEqual(scene);
      const [first, second] = scene.subjects;
      expect(first).not.toBe(second);
      expect(isHeldOutPair(first!, second!)).toBe(false);
      expect(isHeldOutPair(second!, first!)).toBe(false);
      expect(scene.subjects.some((subject) => isHeldOut(subject, scene.style))).toBe(false);
      expect(scene.place !== undefined).toBe(draw.inPlace);
    }
  });

  it('holds out about a tenth of the pairs', () => {
    const pairs = subjects.flatMap((first, i) => subjects.slice(i + 1).map((second) => isHeldOutPair(first, second)));
    const share = pairs.filter(Boolean).length / pairs.length;
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThan(0.12);
  });
});

describe('renderScene', () => {
  it('draws the first subject on the left and the second on the right of a white ground', async () => {
    const scene: Scene = { style: 'twemoji', subjects: [named('tomato'), named('sun')] };
    const rgb = await renderScene(scene, 'test');
    expect(rgb.length).toBe(64 * 64 * 3);
    expect([...rgb.subarray(0, 3)]).toEqual([255, 255, 255]);
    const center = (x: number) => [...rgb.subarray(3 * (32 * 64 + x), 3 * (32 * 64 + x) + 3)] as [number, number, number];
    expect(center(17)[1]).toBeLessThan(100);
    expect(center(47)[1]).toBeGreaterThan(130);
    expect(darkShare(rgb, [0, 32])).toBeGreaterThan(0.2);
    expect(darkShare(rgb, [32, 64])).toBeGreaterThan(0.2);
  });

  it('paints sky and ground of each place', async () => {
    for (const place of places) {
      const rgb = await renderScene({ style: 'noto', subjects: [named('key')], place }, 'test');
      const colorAt = (y: number) => `#${Buffer.from(rgb.subarray(3 * y * 64, 3 * y * 64 + 3)).toString('hex')}`;
      expect(colorAt(0)).toBe(place.sky);
      expect(colorAt(63)).toBe(place.ground);
    }
  });
});

describe('captions of a scene', () => {
  const scene: Scene = { style: 'noto', subjects: [named('dog'), named('house')], place: places[1]! };

  it('name both subjects in the order of the image, the place and the style', () => {
    expect(sceneCaptionOf(scene)).toBe('dog and house at night, classic style');
    expect(sceneCaptions(scene)).toContain('a photo of classic style, dog and house at night');
    expect(sceneCaptionOf({ style: 'noto', subjects: [named('dog')] })).toBe('dog, classic style');
  });

  it('are chosen by the key, sometimes empty and sometimes with an unknown word as requested', () => {
    const captions = Array.from({ length: 400 }, (_, i) => drawSceneCaption(scene, `test/${i}`));
    for (const caption of sceneCaptions(scene)) expect(captions.filter((one) => one === caption).length).toBeGreaterThan(20);
    const choice = { emptyShare: 0.5, unknownShare: 1, unknownWords: ['qzx'] };
    const drawn = Array.from({ length: 400 }, (_, i) => drawSceneCaption(scene, `test/${i}`, choice));
    expect(drawn.filter((caption) => caption === '').length / 400).toBeCloseTo(0.5, 0);
    expect(drawn.some((caption) => caption.includes('qzx style'))).toBe(true);
    expect(drawn.some((caption) => caption.includes(`${styleOf('noto').word} style`))).toBe(false);
  });
});
