// The table of styles: three that the base model is trained on, and target styles that it has never seen.
import type { Effect } from './effects.ts';
import { blueprint, duotone, pixelArt, sketch } from './effects.ts';

export interface Style {
  readonly id: StyleId;
  /** The word in captions: "<name>, <word> style". Each word is one token of the CLIP vocabulary. */
  readonly word: string;
  readonly role: 'base' | 'target';
  readonly description: string;
  readonly packageName: string;
  /** Replaces currentColor in the drawings of the set. */
  readonly color: string;
  readonly effect?: Effect;
}

export type StyleId = BaseStyleId | TargetStyleId;
export type BaseStyleId = 'noto' | 'twemoji' | 'fluent';
export type TargetStyleId = 'ink' | 'outline' | 'blueprint' | 'pixel' | 'poster' | 'sketch';

export const baseStyles: readonly BaseStyleId[] = ['noto', 'twemoji', 'fluent'];
export const targetStyles: readonly TargetStyleId[] = ['ink', 'outline', 'blueprint', 'pixel', 'poster', 'sketch'];

const noto = '@iconify-json/noto';
const twemoji = '@iconify-json/twemoji';
const fluent = '@iconify-json/fluent-emoji-flat';
const openmoji = '@iconify-json/openmoji';
const highContrast = '@iconify-json/fluent-emoji-high-contrast';

const table: Record<StyleId, Omit<Style, 'id'>> = {
  noto: { word: 'classic', role: 'base', packageName: noto, color: '#000', description: 'Noto: soft shading, many colors' },
  twemoji: { word: 'flat', role: 'base', packageName: twemoji, color: '#000', description: 'Twemoji: flat shapes, few colors' },
  fluent: { word: 'fluent', role: 'base', packageName: fluent, color: '#000', description: 'Fluent flat: saturated, rounded' },
  ink: { word: 'ink', role: 'target', packageName: highContrast, color: '#111', description: 'black ink on white paper' },
  outline: { word: 'outline', role: 'target', packageName: openmoji, color: '#000', description: 'OpenMoji: black outlines, plain fills' },
  blueprint: {
    word: 'blueprint',
    role: 'target',
    packageName: highContrast,
    color: '#000',
    effect: blueprint,
    description: 'white drawing on blue paper',
  },
  pixel: {
    word: 'pixel',
    role: 'target',
    packageName: twemoji,
    color: '#000',
    effect: pixelArt,
    description: '16 x 16 blocks in sixteen colors',
  },
  poster: {
    word: 'poster',
    role: 'target',
    packageName: openmoji,
    color: '#000',
    effect: duotone,
    description: 'night blue, coral and cream, as on a screen print',
  },
  sketch: {
    word: 'sketch',
    role: 'target',
    packageName: openmoji,
    color: '#000',
    effect: sketch,
    description: 'pencil lines and hatching on paper',
  },
};

export function listStyles(): Style[] {
  return [...baseStyles, ...targetStyles].map(styleOf);
}

export function styleOf(id: StyleId): Style {
  return { id, ...table[id] };
}

export function isStyleId(name: string): name is StyleId {
  return Object.hasOwn(table, name);
}
