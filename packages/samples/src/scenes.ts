// Scenes: two subjects side by side, one subject in a place, or both, as images and captions.
import sharp, { type OverlayOptions } from 'sharp';
import { type CaptionDraw, drawStyleWord } from './captions.ts';
import { isHeldOut } from './hold-out.ts';
import { hashKey, unitOf } from './random.ts';
import { renderCutout } from './render.ts';
import { baseStyles, styleOf, type BaseStyleId } from './styles.ts';
import type { Subject } from './subjects.ts';

export interface Place {
  /** Words behind the subject, such as "at night". */
  readonly words: string;
  readonly sky: string;
  readonly ground: string;
}

export const places: readonly Place[] = [
  { words: 'in a field', sky: '#a8dcf5', ground: '#7dc352' },
  { words: 'at night', sky: '#1c2748', ground: '#0c1226' },
  { words: 'at sunset', sky: '#f6a45f', ground: '#6d3c62' },
  { words: 'by the sea', sky: '#d3eefb', ground: '#2b83bd' },
  { words: 'in the desert', sky: '#f9e3b4', ground: '#d9a254' },
];

export interface Scene {
  readonly style: BaseStyleId;
  /** One or two; the first one is on the left. */
  readonly subjects: readonly Subject[];
  /** Default: a white ground. */
  readonly place?: Place;
}

/** Share of the pairs of subjects that training never shows together, in either order. */
const HELD_OUT_SHARE = 0.1;

export function isHeldOutPair(a: Subject, b: Subject): boolean {
  const key = [a.unicodeKey, b.unicodeKey].sort().join('/');
  return unitOf(`scene/${key}`) < HELD_OUT_SHARE;
}

export interface SceneDraw {
  readonly subjects: readonly Subject[];
  /** 1 or 2. */
  readonly count: 1 | 2;
  readonly inPlace: boolean;
  /** Determines the scene. */
  readonly key: string;
}

/** A scene of subjects and styles that training may show together. */
export function drawScene({ subjects, count, inPlace, key }: SceneDraw): Scene {
  const place = inPlace ? places[hashKey(`${key}/place`) % places.length] : undefined;
  for (let attempt = 0; ; attempt++) {
    const chosen = Array.from({ length: count }, (_, i) => subjects[hashKey(`${key}/${attempt}/${i}`) % subjects.length]!);
    const style = baseStyles[hashKey(`${key}/${attempt}/style`) % baseStyles.length]!;
    if (chosen.some((subject) => isHeldOut(subject, style))) continue;
    const [first, second] = chosen;
    if (second && (first === second || isHeldOutPair(first!, second))) continue;
    return { style, subjects: chosen, ...(place && { place }) };
  }
}

type SceneTemplate = (names: string, word: string) => string;

const templates: readonly SceneTemplate[] = [
  (names, word) => `${names}, ${word} style`,
  (names, word) => `a photo of ${word} style, ${names}`,
  (names) => `a photo of ${names}`,
];
/** Share of each template, in their order. */
const templateShares = [0.5, 0.38, 0.12];

function namesOf({ subjects, place }: Scene): string {
  const names = subjects.map(({ name }) => name).join(' and ');
  return place ? `${names} ${place.words}` : names;
}

/** The caption that names subjects, place and style, in the most frequent form. */
export function sceneCaptionOf(scene: Scene): string {
  return templates[0]!(namesOf(scene), styleOf(scene.style).word);
}

/** Every caption that training can give the scene, except the empty one. */
export function sceneCaptions(scene: Scene): string[] {
  return templates.map((template) => template(namesOf(scene), styleOf(scene.style).word));
}

/** The caption that `key` chooses, by the shares of the templates. */
export function drawSceneCaption(scene: Scene, key: string, choice: CaptionDraw = {}): string {
  const word = drawStyleWord(scene.style, key, choice);
  if (word === null) return '';
  let at = unitOf(`${key}/scene-template`);
  const template = templates.find((_, i) => (at -= templateShares[i]!) < 0) ?? templates[0]!;
  return template(namesOf(scene), word);
}

/** Width of one of two subjects, and of a subject alone, as shares of the image. */
const PAIR_SHARE = 0.54;
const SINGLE_SHARE = 0.8;
/** Largest vertical shift of a subject on white, and where the feet are in a place, as shares of the image. */
const LARGEST_SHIFT = 0.08;
const FEET = 0.95;
const HORIZON = 0.62;

/** RGB bytes of the scene, `size` square. Positions depend on `key`. */
export async function renderScene(scene: Scene, key: string, size = 64): Promise<Uint8Array> {
  const background = scene.place ? paintPlace(scene.place, size) : Buffer.from(flat(size, '#ffffff'));
  const overlays = await Promise.all(scene.subjects.map((_, i) => placed(scene, i, key, size)));
  return new Uint8Array(await sharp(background).composite(overlays).removeAlpha().raw().toBuffer());
}

async function placed(scene: Scene, index: number, key: string, size: number): Promise<OverlayOptions> {
  const alone = scene.subjects.length === 1;
  const side = Math.round(size * (alone ? SINGLE_SHARE : PAIR_SHARE));
  const input = await renderCutout(scene.style, scene.subjects[index]!, side);
  const shift = (2 * unitOf(`${key}/${index}/shift`) - 1) * LARGEST_SHIFT * size;
  const left = alone ? (size - side) / 2 + shift : index * (size - side);
  const top = scene.place ? FEET * size - side - Math.abs(shift) / 2 : (size - side) / 2 + shift;
  return { input: Buffer.from(input), raw: { width: side, height: side, channels: 4 }, left: Math.round(left), top: Math.round(top) };
}

function flat(size: number, color: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="100%" height="100%" fill="${color}"/></svg>`;
}

function paintPlace({ sky, ground }: Place, size: number): Buffer {
  const line = Math.round(HORIZON * size);
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="100%" height="100%" fill="${sky}"/>` +
      `<rect y="${line}" width="100%" height="${size - line}" fill="${ground}"/></svg>`,
  );
}
