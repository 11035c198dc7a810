// Subjects: what the images show, taken from the Unicode emoji list and limited to what every style draws.
import { loadIconSet, readPackageJson, unicodeKeyOf } from './icon-sets.ts';
import { baseStyles, listStyles, styleOf } from './styles.ts';

export interface Subject {
  /** Stable identifier, also usable in a file name. */
  readonly id: string;
  /** The name in captions. */
  readonly name: string;
  readonly group: string;
  readonly isPerson: boolean;
  readonly unicodeKey: string;
  /** Set on the additional subjects of `skinTones`. */
  readonly skinTone?: SkinTone;
}

export type SkinTone = keyof typeof skinToneModifiers;

const skinToneModifiers = {
  light: '1f3fb',
  'medium-light': '1f3fc',
  medium: '1f3fd',
  'medium-dark': '1f3fe',
  dark: '1f3ff',
} as const;

interface EmojiEntry {
  name: string;
  slug: string;
  group: string;
  skin_tone_support: boolean;
}

/**
 * Excluded groups: flags, and the Symbols group (arrows, buttons with letters, zodiac signs, keycaps, geometry). A small model cannot
 * learn writing, and shapes that look alike in every style would teach it that the style's name means nothing. Clock faces (24 images that
 * differ in the angle of two thin hands) and "facing right" doubles, which are mirror images, are excluded as well.
 */
const excludedGroups = new Set(['Flags', 'Symbols']);
const excludedName = /o[’']clock|-thirty$|facing right$/;

/** The first of the persons, which are consecutive in the Unicode list. */
const firstPerson = 'baby';
const firstAfterPersons = 'speaking head';

/**
 * The subjects that every style draws. `skinTones` appends variants of the persons in these skin tones, which the base styles draw and
 * most target styles do not.
 */
export function listSubjects(options: { skinTones?: readonly SkinTone[] } = {}): Subject[] {
  const bare = bareSubjects();
  const tones = options.skinTones ?? [];
  return [...bare.map(({ subject }) => subject), ...bare.flatMap((entry) => tonedSubjects(entry, tones))];
}

export function isMirrorable(subject: Subject): boolean {
  return !/\b(left|right|pointing|\d\w*)\b/.test(subject.name);
}

interface BareSubject {
  subject: Subject;
  tonable: boolean;
}

let bareCache: BareSubject[] | undefined;

function bareSubjects(): BareSubject[] {
  if (bareCache) return bareCache;
  const sets = styleIconSets();
  const emoji = readPackageJson<Record<string, EmojiEntry>>('unicode-emoji-json/data-by-emoji.json');
  const result: BareSubject[] = [];
  let inPersons = false;
  for (const [sequence, entry] of Object.entries(emoji)) {
    if (entry.name === firstPerson) inPersons = true;
    if (entry.name === firstAfterPersons) inPersons = false;
    const unicodeKey = unicodeKeyOf(sequence);
    if (excludedGroups.has(entry.group) || excludedName.test(entry.name)) continue;
    if (!sets.every((set) => set.has(unicodeKey))) continue;
    const subject = {
      id: entry.slug.replaceAll('_', '-'),
      name: captionName(entry.name),
      group: entry.group,
      isPerson: inPersons,
      unicodeKey,
    };
    result.push({ subject, tonable: inPersons && entry.skin_tone_support });
  }
  bareCache = result;
  return result;
}

function tonedSubjects({ subject, tonable }: BareSubject, tones: readonly SkinTone[]): Subject[] {
  if (!tonable) return [];
  const [head, ...rest] = subject.unicodeKey.split('-');
  return tones.flatMap((skinTone) => {
    const unicodeKey = [head, skinToneModifiers[skinTone], ...rest].join('-');
    if (!baseStyles.every((style) => loadIconSet(styleOf(style).packageName).has(unicodeKey))) return [];
    const words = skinTone.replace('-', ' ');
    const name = `${subject.name} with ${words} skin`;
    return [{ ...subject, id: `${subject.id}-${skinTone}-skin`, name, unicodeKey, skinTone }];
  });
}

function styleIconSets() {
  return [...new Set(listStyles().map((style) => style.packageName))].map(loadIconSet);
}

function captionName(unicodeName: string): string {
  return unicodeName
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/[“”]/g, '')
    .replace(/^(person|man|woman) (red|curly|white|blond) hair$/, '$1 with $2 hair')
    .replace(/^(person|man|woman) beard$/, '$1 with a beard')
    .replace(/^(person|man|woman) bald$/, 'bald $1');
}
